import { DomainError } from '@dailydoco/errors';
import type { CommissionId, PurchaseId, RefundId, TenantId, UserId } from '../ids.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import type { Refund } from './record-refund.js';
import { netAfterRefunds } from './refund.js';

/** Chargebacks in an open database transaction. */
export interface ChargebackBook {
  /** The first statement: nobody's status changes until the end. */
  shareSplitLock(): Promise<void>;
  findById(tenantId: TenantId, refundId: RefundId): Promise<Refund | undefined>;
  lockPurchase(tenantId: TenantId, purchaseId: PurchaseId): Promise<PurchaseRecord | undefined>;
  /** False when the chargeback was won before. */
  addWin(refund: Refund, wonAt: Date): Promise<boolean>;
  /** False when it was said before that the refund failed. */
  addFailure(refund: Refund, failedAt: Date): Promise<boolean>;
  /** Those of the people who are suspended. */
  findSuspended(tenantId: TenantId, people: readonly UserId[]): Promise<Set<UserId>>;
  /** The commissions of the purchase that are in dispute. */
  findDisputed(tenantId: TenantId, purchaseId: PurchaseId): Promise<Set<CommissionId>>;
  save(update: PurchaseUpdate): Promise<void>;
}

/**
 * A chargeback was won: R falls by its amount, nets follow the formula, and the difference is given back by new rows.
 * It may differ by a micro from what was taken when other refunds came between. Saying it twice changes nothing more.
 * Throws NOT_FOUND for an unknown refund and CONFLICT for one that was no chargeback.
 */
export async function restoreChargeback(
  book: ChargebackBook,
  { tenantId, refundId, at }: { tenantId: TenantId; refundId: RefundId; at: Date },
): Promise<PurchaseRecord> {
  return restore(book, { tenantId, refundId, at }, 'chargeback_won');
}

/**
 * A refund that was told did not happen: it failed, or was cancelled. R falls as if a chargeback had been won, once.
 * Throws NOT_FOUND for an unknown refund and CONFLICT for a chargeback, which is won or lost.
 */
export async function undoRefund(
  book: ChargebackBook,
  { tenantId, refundId, at }: { tenantId: TenantId; refundId: RefundId; at: Date },
): Promise<PurchaseRecord> {
  return restore(book, { tenantId, refundId, at }, 'refund_failed');
}

type RestoreReason = 'chargeback_won' | 'refund_failed';

const REFUSALS = {
  chargeback_won: { reason: 'requested', detail: 'Only a chargeback can be won; this is a refund that was requested.' },
  refund_failed: { reason: 'chargeback', detail: 'A chargeback does not fail; it is won or lost.' },
} as const;

async function restore(
  book: ChargebackBook,
  { tenantId, refundId, at }: { tenantId: TenantId; refundId: RefundId; at: Date },
  because: RestoreReason,
): Promise<PurchaseRecord> {
  await book.shareSplitLock();
  const refund = await book.findById(tenantId, refundId);
  if (refund === undefined) throw new DomainError('NOT_FOUND');
  const { reason, detail } = REFUSALS[because];
  if (refund.reason === reason) throw new DomainError('CONFLICT', { detail });
  const purchase = await book.lockPurchase(tenantId, refund.purchaseId);
  if (purchase === undefined) throw new Error('A refund belongs to a purchase');
  const isNew = because === 'chargeback_won' ? await book.addWin(refund, at) : await book.addFailure(refund, at);
  if (!isNew) return purchase;
  const suspended = await book.findSuspended(
    tenantId,
    purchase.commissions.map(({ beneficiaryId }) => beneficiaryId),
  );
  const disputed = await book.findDisputed(tenantId, purchase.id);
  const { amountMicros } = refund;
  const update = restoreUpdate(purchase, { refundId, amountMicros, at, suspended, disputed, because });
  await book.save(update);
  return update.purchase;
}

/**
 * What a won chargeback, or a refund that failed, does to a purchase. What returns to pending in dispute, or for a
 * suspended person, is held at once.
 */
export function restoreUpdate(
  purchase: PurchaseRecord,
  won: {
    refundId: RefundId;
    amountMicros: bigint;
    at: Date;
    suspended: ReadonlySet<UserId>;
    disputed?: ReadonlySet<CommissionId>;
    because?: RestoreReason;
  },
): PurchaseUpdate {
  const { refundId, at, suspended, disputed, because = 'chargeback_won' } = won;
  const update = new PurchaseUpdate(purchase, at);
  const refundedMicros = purchase.refundedMicros - won.amountMicros;
  update.setRefunded(refundedMicros);
  const after = { amountMicros: purchase.amountMicros, refundedMicros };
  update.change({
    reason: because,
    refundId,
    happens: ({ grossMicros }) => ({ kind: 'restored', netMicros: netAfterRefunds(grossMicros, after), at }),
    fact: (moves) => ({ kind: 'restored', moves, refundId }),
  });
  update.change({
    reason: 'dispute',
    happens: ({ id }) => (disputed?.has(id) === true ? { kind: 'held', cause: 'dispute', at } : undefined),
    fact: (moves) => ({ kind: 'held', moves, reason: 'dispute' }),
  });
  update.change({
    reason: 'beneficiary_suspended',
    happens: ({ beneficiaryId }) =>
      suspended.has(beneficiaryId) ? { kind: 'held', cause: 'beneficiary_suspended', at } : undefined,
    fact: (moves) => ({ kind: 'held', moves, reason: 'beneficiary_suspended' }),
  });
  return update;
}
