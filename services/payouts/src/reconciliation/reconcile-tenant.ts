import type { PurchaseId, RunId, TenantId } from '../ids.js';
import { type Break, type Invariant, mergeBreaks } from './break-case.js';
import { compareExtra, comparePurchases, type PurchaseState } from './compare-purchases.js';

/** viral-engine's purchases, page by page, ascending by id. */
export interface PurchaseStates {
  page(tenantId: TenantId, pageToken: string): Promise<{ states: PurchaseState[]; nextPageToken: string }>;
}

export interface OwnBooks {
  /** The ledger's purchases with ids above `after`, up to `to`; `to` undefined: to the end. Bounded by `limit`. */
  purchasesBetween(
    tenantId: TenantId,
    range: { after: PurchaseId | undefined; to: PurchaseId | undefined; limit: number },
  ): Promise<PurchaseState[]>;
  /** Everything that can be checked without asking anybody: I1, I2, I3, I4 against the entries, I5, I6. */
  breaksWithin(tenantId: TenantId): Promise<Break[]>;
}

/** Rails and banks: what they told of payouts, against what was booked. */
export interface Outside {
  breaksBeside(tenantId: TenantId, now: Date): Promise<Break[]>;
}

export interface Reconciliation {
  readonly id: RunId;
  readonly tenantId: TenantId;
  readonly outcome: 'balanced' | 'breaks' | 'failed';
  readonly compared: number;
  readonly inFlight: number;
  /** One per invariant and subject. */
  readonly breaks: readonly Break[];
  /** Invariants with more breaks than are told: what is not among them may stand all the same. */
  readonly incomplete: ReadonlySet<Invariant>;
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** The first breaks tell what is wrong; a million of the same kind tell nothing more. */
export const MAX_OF_AN_INVARIANT = 1_000;
const PAGE = 1_000;

export interface ReconcileTenantGiven {
  readonly id: RunId;
  readonly states: PurchaseStates;
  readonly books: OwnBooks;
  readonly outside: Outside;
  readonly clock: { now(): Date };
  readonly signal: AbortSignal;
}

/**
 * Compares the ledger of a tenant with itself, with rails and banks, and with viral-engine. Reads only. Events go on meanwhile: what is on its
 * way is counted apart.
 */
export async function reconcileTenant(tenantId: TenantId, given: ReconcileTenantGiven): Promise<Reconciliation> {
  const { id, books, outside, clock } = given;
  const startedAt = clock.now();
  const within = [...(await books.breaksWithin(tenantId)), ...(await outside.breaksBeside(tenantId, startedAt))];
  const { breaks, compared, inFlight } = await compareWithStates(tenantId, { ...given, startedAt });
  const { kept, incomplete } = bounded([...within, ...breaks]);
  return {
    id,
    tenantId,
    outcome: kept.length === 0 ? 'balanced' : 'breaks',
    compared,
    inFlight,
    breaks: kept,
    incomplete,
    startedAt,
    finishedAt: clock.now(),
  };
}

/** One break per thing, at most so many of each invariant, and of which invariants there may be more. */
function bounded(all: readonly Break[]): { kept: Break[]; incomplete: Set<Invariant> } {
  const groups = [...Map.groupBy(all, ({ invariant }) => invariant)];
  return {
    kept: groups.flatMap(([, breaks]) => mergeBreaks(breaks).slice(0, MAX_OF_AN_INVARIANT)),
    incomplete: new Set(
      groups.flatMap(([invariant, { length }]) => (length >= MAX_OF_AN_INVARIANT ? [invariant] : [])),
    ),
  };
}

/** The ledger's purchases beside viral-engine's, page by page. */
async function compareWithStates(
  tenantId: TenantId,
  { states, books, clock, signal, startedAt }: ReconcileTenantGiven & { startedAt: Date },
): Promise<{ breaks: Break[]; compared: number; inFlight: number }> {
  const breaks: Break[] = [];
  let [compared, inFlight, pageToken] = [0, 0, ''];
  let after: PurchaseId | undefined;
  do {
    signal.throwIfAborted();
    const page = await states.page(tenantId, pageToken);
    pageToken = page.nextPageToken;
    const to = pageToken === '' ? undefined : page.states.at(-1)?.purchaseId;
    const ours = await readAll(books, tenantId, { after, to });
    const theirIds = new Set(page.states.map(({ purchaseId }) => purchaseId));
    const common = comparePurchases(page.states, ours, clock.now());
    const extra = compareExtra(
      [...ours.values()].filter(({ purchaseId }) => !theirIds.has(purchaseId)),
      startedAt,
    );
    if (breaks.length < MAX_OF_AN_INVARIANT) breaks.push(...common.breaks, ...extra.breaks);
    inFlight += common.inFlight + extra.inFlight;
    compared += page.states.length;
    after = to;
  } while (pageToken !== '');
  return { breaks, compared, inFlight };
}

async function readAll(
  books: OwnBooks,
  tenantId: TenantId,
  range: { after: PurchaseId | undefined; to: PurchaseId | undefined },
): Promise<Map<PurchaseId, PurchaseState>> {
  const all = new Map<PurchaseId, PurchaseState>();
  let { after } = range;
  for (;;) {
    const part = await books.purchasesBetween(tenantId, { after, to: range.to, limit: PAGE });
    for (const state of part) all.set(state.purchaseId, state);
    if (part.length < PAGE) return all;
    after = part.at(-1)?.purchaseId;
  }
}
