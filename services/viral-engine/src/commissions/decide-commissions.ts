import {
  asDecisionId,
  type CommissionId,
  type DecisionId,
  type PurchaseId,
  type TenantId,
  type UserId,
} from '../ids.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { Commission } from './commission.js';
import type { EntryState, HoldCause } from './entry-life.js';

/** What a decision may hold an entry for. A suspension is no decision about an entry: its own task holds and lifts. */
export type DecidedCause = Exclude<HoldCause, 'beneficiary_suspended'>;

/**
 * What may be decided about an entry, beside what time, refunds and suspensions do to it:
 *
 * - hold, lift: for one cause. The whole entry is held and its clock stands still; with the last cause lifted it goes on.
 * - release: finance ends the hold period early, also that of an entry that finance itself holds.
 * - forfeit: finance takes a pending or held entry back for good, by a row to net zero, whatever it is held for.
 */
export type Decision =
  | { readonly kind: 'hold' | 'lift'; readonly cause: DecidedCause }
  | { readonly kind: 'release' | 'forfeit' };

/** Why nothing was done with an entry. */
export type Refusal =
  /** The tenant has no such commission. */
  | 'unknown'
  /** It was released already: from there on, risk is a payout freeze. */
  | 'released'
  /** Nothing of it stands: it was reversed or forfeited. */
  | 'closed'
  /** It is held: for that cause already (hold), or for a cause other than finance's own (release). */
  | 'held'
  /** It is not held for that cause. */
  | 'notHeld';

export interface DecisionOrder {
  readonly tenantId: TenantId;
  readonly commissionIds: readonly CommissionId[];
  readonly decision: Decision;
  /** Why, in words; 1 to 500 characters. */
  readonly reason: string;
  /** A person (`user:…`) or a part of the service (such as `fraud`). */
  readonly decidedBy: string;
}

/** A row of the audit: only ever added. */
export interface DecisionRecord {
  readonly tenantId: TenantId;
  readonly id: DecisionId;
  readonly commissionId: CommissionId;
  readonly purchaseId: PurchaseId;
  readonly decision: Decision;
  readonly reason: string;
  readonly decidedBy: string;
  readonly decidedAt: Date;
  /** The last event of the purchase once it was carried out; undefined when it moved nothing. */
  readonly purchaseSequence: bigint | undefined;
}

/** What became of one of the entries asked for. */
export type DecidedCommission =
  | { readonly id: CommissionId; readonly outcome: 'done'; readonly commission: Commission }
  | { readonly id: CommissionId; readonly outcome: Refusal; readonly commission: Commission | undefined };

/** Decisions in an open database transaction. */
export interface DecisionBook {
  /** Before any row lock of a purchase: nobody is suspended or reactivated until the end. */
  shareSplitLock(): Promise<void>;
  /** The purchases of the commissions, with their row locks, taken in one order. Unknown ones are left out. */
  lockPurchasesOf(tenantId: TenantId, commissionIds: readonly CommissionId[]): Promise<PurchaseRecord[]>;
  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>>;
  saveAll(updates: readonly PurchaseUpdate[]): Promise<void>;
  addDecisions(decisions: readonly DecisionRecord[]): Promise<void>;
}

/**
 * Carries out one decision about commissions, those that it may be carried out on: each gets its audit row, each
 * purchase its events. The others are told with the reason, and nothing is written about them. A part of the service
 * calls this inside its own database transaction, so that its decision and what follows from it are committed together.
 */
export async function decideCommissions(
  book: DecisionBook,
  order: DecisionOrder,
  given: { now: Date; newId: () => string },
): Promise<DecidedCommission[]> {
  const { tenantId, commissionIds } = order;
  await book.shareSplitLock();
  const purchases = await book.lockPurchasesOf(tenantId, commissionIds);
  const people = new Set(purchases.flatMap(({ commissions }) => commissions.map(({ beneficiaryId }) => beneficiaryId)));
  const suspended = await book.findSuspended(tenantId, [...people]);
  const asked = new Set(commissionIds);
  const carriedOut = purchases.map((purchase) =>
    carryOut(purchase, { asked, suspended, at: given.now, decision: order.decision }),
  );
  await book.saveAll(carriedOut.flatMap(({ update, decided }) => (decided.some(isDone) ? [update] : [])));
  await book.addDecisions(carriedOut.flatMap((each) => auditOf(each, order, given)));
  const found = new Map(carriedOut.flatMap(({ decided }) => decided.map((each) => [each.id, each])));
  return [...asked].map((id) => found.get(id) ?? { id, outcome: 'unknown', commission: undefined });
}

interface CarriedOut {
  readonly update: PurchaseUpdate;
  readonly decided: readonly DecidedCommission[];
}

function auditOf(
  { update, decided }: CarriedOut,
  { tenantId, decision, reason, decidedBy }: DecisionOrder,
  { now: decidedAt, newId }: { now: Date; newId: () => string },
): DecisionRecord[] {
  const purchaseSequence = update.events.at(-1)?.sequence;
  return decided.filter(isDone).map(({ id: commissionId, commission: { purchaseId } }) => {
    const id = asDecisionId(newId());
    return { tenantId, id, commissionId, purchaseId, decision, reason, decidedBy, decidedAt, purchaseSequence };
  });
}

/** What a decision does to those commissions of a purchase that were asked for and that it may be carried out on. */
export function carryOut(
  purchase: PurchaseRecord,
  by: { asked: ReadonlySet<CommissionId>; suspended: ReadonlySet<UserId>; at: Date; decision: Decision },
): CarriedOut {
  const { asked, suspended, decision } = by;
  const update = new PurchaseUpdate(purchase, by.at);
  const refusals = new Map(
    purchase.commissions
      .filter(({ id }) => asked.has(id))
      .map((each) => [each.id, refuseDecision(each, decision, suspended.has(each.beneficiaryId))]),
  );
  const concerns = ({ id }: Commission) => refusals.has(id) && refusals.get(id) === undefined;
  applyDecision(update, decision, { concerns, isSuspended: ({ beneficiaryId }) => suspended.has(beneficiaryId) });
  const decided = update.purchase.commissions
    .filter(({ id }) => refusals.has(id))
    .map((commission) => ({
      id: commission.id,
      outcome: refusals.get(commission.id) ?? ('done' as const),
      commission,
    }));
  return { update, decided };
}

/** Whether a decision may be carried out on an entry as it stands; undefined: it may. */
export function refuseDecision(entry: EntryState, decision: Decision, isSuspended: boolean): Refusal | undefined {
  const { status, holdCauses } = entry;
  if (status === 'available') return 'released';
  if (status === 'reversed' || status === 'forfeited') return 'closed';
  switch (decision.kind) {
    case 'hold':
      return holdCauses.includes(decision.cause) ? 'held' : undefined;
    case 'lift':
      return holdCauses.includes(decision.cause) ? undefined : 'notHeld';
    case 'release':
      // Also where the task that holds for a suspension has not come by yet.
      return isSuspended || holdCauses.some((cause) => cause !== 'finance') ? 'held' : undefined;
    case 'forfeit':
      return undefined;
  }
}

type Test = (commission: Commission) => boolean;

function applyDecision(
  update: PurchaseUpdate,
  decision: Decision,
  { concerns, isSuspended }: { concerns: Test; isSuspended: Test },
): void {
  switch (decision.kind) {
    case 'hold':
      return hold(update, decision.cause, concerns);
    case 'lift':
      // What is lifted must not run while its beneficiary is suspended; that cause joins first, so nothing moves.
      hold(update, 'beneficiary_suspended', (each) => concerns(each) && isSuspended(each));
      // One that is over ends here: its task would let the clock go on at the reactivation, when this cause still held.
      lift(update, 'beneficiary_suspended', (each) => concerns(each) && !isSuspended(each));
      return lift(update, decision.cause, concerns);
    case 'release':
      // The ledger knows no way from held to available: lifted, then released.
      lift(update, 'finance', concerns);
      return void update.change({
        reason: 'released_by_finance',
        happens: (each) => (concerns(each) ? { kind: 'releasedEarly', at: update.at } : undefined),
        fact: (moves) => ({ kind: 'released', moves }),
      });
    case 'forfeit':
      return void update.change({
        reason: 'forfeited',
        happens: (each) => (concerns(each) ? { kind: 'forfeited', at: update.at } : undefined),
        fact: (moves) => ({ kind: 'forfeited', moves, reason: 'forfeited' }),
      });
  }
}

function hold(update: PurchaseUpdate, cause: HoldCause, concerns: Test): void {
  update.change({
    reason: cause,
    happens: (each) => (concerns(each) ? { kind: 'held', cause, at: update.at } : undefined),
    fact: (moves) => ({ kind: 'held', moves, reason: cause }),
  });
}

function lift(update: PurchaseUpdate, cause: HoldCause, concerns: Test): void {
  update.change({
    reason: 'lifted',
    happens: (each) => (concerns(each) ? { kind: 'lifted', cause, at: update.at } : undefined),
    fact: (moves) => ({ kind: 'held', moves, reason: 'lifted' }),
  });
}

function isDone(decided: DecidedCommission): decided is Extract<DecidedCommission, { outcome: 'done' }> {
  return decided.outcome === 'done';
}
