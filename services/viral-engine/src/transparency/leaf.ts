import type { ChangeLeaf, EntryLeaf, Leaf } from '@dailydoco/transparency';
import type { Commission, CommissionChange } from '../commissions/commission.js';
import type { Split, SplitEntry } from '../commissions/split.js';
import { CAP_PERIODS } from '../plans/plan-limits.js';
import type { PlanVersion } from '../plans/plan.js';
import { splitAgain } from '../purchases/decide-purchase.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { ENTRY_SEQUENCE, type PlacedLeaf } from './log.js';
import { type RefundHistory, refundedAfter } from './refunded-after.js';

/** A purchase with what of it is to be logged. */
export interface Loggable {
  readonly purchase: PurchaseRecord;
  /** The version that decided it. */
  readonly plan: PlanVersion;
  /** Commissions whose own leaf is to be made. */
  readonly entries: readonly Commission[];
  /** Changes whose leaf is to be made. */
  readonly changes: readonly CommissionChange[];
  readonly refunds: RefundHistory;
}

/** A leaf that only lacks its ordinal. */
export interface LeafDraft {
  readonly commission: Commission;
  /** ENTRY_SEQUENCE, or the change's. */
  readonly purchaseSequence: bigint;
  readonly refundedMicros: bigint | undefined;
  readonly make: (ordinal: number) => Leaf;
}

/** The leaves of a purchase in their order: its commissions first, then what happened to them as it happened. */
export function draftLeaves({ purchase, plan, entries, changes, refunds }: Loggable): LeafDraft[] {
  const split = entries.length === 0 ? undefined : splitOf(purchase, plan);
  const byId = new Map(purchase.commissions.map((commission) => [commission.id, commission]));
  const own = entries.map(
    (commission): LeafDraft => ({
      commission,
      purchaseSequence: ENTRY_SEQUENCE,
      refundedMicros: undefined,
      make: (ordinal) => entryLeaf({ commission, purchase, plan, split: split ?? splitOf(purchase, plan), ordinal }),
    }),
  );
  const later = changes.map((change): LeafDraft => {
    const commission = byId.get(change.commissionId);
    if (commission === undefined) throw new Error('A change belongs to a commission of its purchase');
    const refundedMicros = refundedAfter(change, { purchase, commission, refunds });
    return {
      commission,
      purchaseSequence: change.purchaseSequence,
      refundedMicros,
      make: (ordinal) => changeLeaf({ commission, change, refundedMicros, ordinal }),
    };
  });
  return [...own, ...later].toSorted(
    (a, b) => Number(a.purchaseSequence - b.purchaseSequence) || a.commission.level - b.commission.level,
  );
}

function splitOf(purchase: PurchaseRecord, plan: PlanVersion): Split {
  const split = splitAgain(purchase, plan);
  if (split === undefined) throw new Error('A purchase outside the recurring rule has no commissions');
  return split;
}

/**
 * The leaf that stands in the log once more, out of what was recorded. `change` is the change that it tells of; undefined:
 * it tells of the commission itself.
 */
export function remakeLeaf(
  placed: Pick<PlacedLeaf, 'commissionId' | 'ordinal' | 'refundedMicros'>,
  { purchase, plan, change }: { purchase: PurchaseRecord; plan: PlanVersion; change: CommissionChange | undefined },
): Leaf {
  const { ordinal, refundedMicros } = placed;
  const commission = purchase.commissions.find(({ id }) => id === placed.commissionId);
  if (commission === undefined) throw new Error('A leaf tells of a commission of its purchase');
  if (change !== undefined) return changeLeaf({ commission, change, refundedMicros, ordinal });
  return entryLeaf({ commission, purchase, plan, split: splitOf(purchase, plan), ordinal });
}

const DAY_MS = 86_400_000;

/** A commission at its split. What it is was stored; what it was computed from is computed once more. */
export function entryLeaf(given: {
  commission: Commission;
  purchase: PurchaseRecord;
  plan: PlanVersion;
  split: Split;
  ordinal: number;
}): EntryLeaf {
  const { commission, purchase, plan, split, ordinal } = given;
  const { company } = purchase.snapshot.rooms ?? {};
  return {
    v: 1,
    kind: 'entry',
    ordinal,
    commissionId: commission.id,
    purchaseId: purchase.id,
    beneficiaryId: commission.beneficiaryId,
    entryKind: commission.kind,
    level: commission.level,
    currency: purchase.currency,
    purchaseAmount: String(purchase.amountMicros),
    rateBps: commission.rateBps,
    boostBps: commission.boostBps,
    sumBeforeCap: String(split.uncappedMicros),
    maxPayoutBps: plan.maxPayoutBps,
    cap: String(split.capMicros),
    ownRooms: ownRooms(commission, purchase, split),
    company:
      company === undefined ? null : { left: String(company.leftMicros), sum: String(split.beforeCompanyMicros) },
    cuts: commission.cuts.map(({ rule, amountMicros }) => ({ rule, amount: String(amountMicros) })),
    gross: String(commission.grossMicros),
    plan: { id: plan.planId, version: plan.version, holdDays: plan.holdDays },
    occurredAt: purchase.occurredAt.toISOString(),
    recordedAt: purchase.recordedAt.toISOString(),
    // As it was at the split: holds move the commission's own.
    availableAt: new Date(purchase.occurredAt.getTime() + plan.holdDays * DAY_MS).toISOString(),
  };
}

/** What the person's caps left when this entry's turn came: less what the own entries before it took. */
function ownRooms(commission: Commission, { snapshot }: PurchaseRecord, split: Split): EntryLeaf['ownRooms'] {
  const room = snapshot.rooms?.people.get(commission.beneficiaryId);
  if (room === undefined) return {};
  const takenMicros = [...split.entries, ...split.lost]
    .filter(({ beneficiaryId, level }) => beneficiaryId === commission.beneficiaryId && level < commission.level)
    .reduce((sum, entry) => sum + beforeCompanyCap(entry), 0n);
  const left: EntryLeaf['ownRooms'] = {};
  for (const period of CAP_PERIODS) {
    const periodRoom = room[period];
    if (periodRoom !== undefined) left[period] = String(periodRoom - takenMicros);
  }
  return left;
}

function beforeCompanyCap({ amountMicros, cuts }: SplitEntry): bigint {
  return cuts.reduce((sum, cut) => (cut.rule === 'company_cap' ? sum + cut.amountMicros : sum), amountMicros);
}

/** A change of a commission after its split. */
export function changeLeaf(given: {
  commission: Commission;
  change: CommissionChange;
  refundedMicros: bigint | undefined;
  ordinal: number;
}): ChangeLeaf {
  const { commission, change, refundedMicros, ordinal } = given;
  return {
    v: 1,
    kind: 'change',
    ordinal,
    commissionId: commission.id,
    beneficiaryId: commission.beneficiaryId,
    purchaseSequence: String(change.purchaseSequence),
    fromStatus: change.fromStatus,
    toStatus: change.toStatus,
    delta: String(change.deltaMicros),
    net: String(change.netMicros),
    availableAt: change.availableAt.toISOString(),
    reason: change.reason,
    ...(change.refundId !== undefined && { refundId: change.refundId }),
    ...(refundedMicros !== undefined && { refunded: String(refundedMicros) }),
    changedAt: change.changedAt.toISOString(),
  };
}
