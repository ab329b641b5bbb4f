import type { PurchaseId, TenantId } from '../ids.js';
import { type Break, compareExtra, comparePurchases, type PurchaseState } from './compare-purchases.js';

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

export interface Reconciliation {
  readonly tenantId: TenantId;
  readonly outcome: 'balanced' | 'breaks' | 'failed';
  readonly compared: number;
  readonly inFlight: number;
  readonly breaks: readonly Break[];
  readonly startedAt: Date;
  readonly finishedAt: Date;
}

/** The first breaks tell what is wrong; a million of the same kind tell nothing more. */
const MAX_BREAKS = 200;
const PAGE = 1_000;

/**
 * Compares the ledger of a tenant with itself and with viral-engine. Reads only. Events go on meanwhile: what is on its
 * way is counted apart.
 */
export async function reconcileTenant(
  tenantId: TenantId,
  {
    states,
    books,
    clock,
    signal,
  }: {
    states: PurchaseStates;
    books: OwnBooks;
    clock: { now(): Date };
    signal: AbortSignal;
  },
): Promise<Reconciliation> {
  const startedAt = clock.now();
  const breaks = [...(await books.breaksWithin(tenantId))];
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
    breaks.push(...common.breaks, ...extra.breaks);
    inFlight += common.inFlight + extra.inFlight;
    compared += page.states.length;
    after = to;
  } while (pageToken !== '');
  return {
    tenantId,
    outcome: breaks.length === 0 ? 'balanced' : 'breaks',
    compared,
    inFlight,
    breaks: breaks.slice(0, MAX_BREAKS),
    startedAt,
    finishedAt: clock.now(),
  };
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
