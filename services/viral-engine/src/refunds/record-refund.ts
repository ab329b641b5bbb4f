import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode, Money } from '@dailydoco/money';
import { type Commission, inAnswerOrder } from '../commissions/commission.js';
import { asRefundId, type PurchaseId, type RefundId, type TenantId } from '../ids.js';
import { PurchaseUpdate } from '../purchases/purchase-update.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { netAfterRefunds, refundAmount, type RefundReason } from './refund.js';

/** What a billing system tells of money given back. */
export interface RefundOrder {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
  /** The billing system's own id of the refund, unique per tenant. */
  readonly externalId: string;
  readonly reason: RefundReason;
  /** Undefined: all that is left. */
  readonly requested: Money | undefined;
}

/** A refund as recorded. Nothing here ever changes. */
export interface Refund extends RefundOrder {
  readonly id: RefundId;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  /** Sequence of its RefundRecorded, and of the last event it caused. */
  readonly purchaseSequence: bigint;
  readonly lastSequence: bigint;
  readonly recordedAt: Date;
}

/** What a refund took from one commission, and what stood of it afterwards. */
export interface Reversal {
  readonly commission: Pick<Commission, 'id' | 'kind' | 'level' | 'beneficiaryId' | 'currency'>;
  readonly reversedMicros: bigint;
  readonly netMicros: bigint;
}

/** Refunds in an open database transaction. */
export interface RefundBook {
  /** Takes the purchase's row lock: whatever else happens to it waits. */
  lockPurchase(tenantId: TenantId, purchaseId: PurchaseId): Promise<PurchaseRecord | undefined>;
  /** Whether the purchase is recorded and has no buyer yet. */
  isUnattributed(tenantId: TenantId, purchaseId: PurchaseId): Promise<boolean>;
  findByExternalId(tenantId: TenantId, externalId: string): Promise<Refund | undefined>;
  /** What a recorded refund took: every entry, as it stood right after it. */
  readReversals(refund: Refund): Promise<Reversal[]>;
  /** False when the external id is taken. */
  add(refund: Refund): Promise<boolean>;
  save(update: PurchaseUpdate): Promise<void>;
}

export interface RecordedRefund {
  readonly created: boolean;
  readonly refund: Refund;
  readonly reversals: readonly Reversal[];
}

/**
 * Records a refund of any part of a purchase, at any time, and takes back the commissions' share of it. The same
 * refund told again is answered with the one that exists. Throws PURCHASE_UNKNOWN, PURCHASE_UNATTRIBUTED (a refund is an
 * event of its buyer, so it can be told once there is one), REFUND_CONFLICT, CURRENCY_MISMATCH, REFUND_EXCEEDS_PURCHASE;
 * nothing changes then.
 */
export async function recordRefund(
  book: RefundBook,
  order: RefundOrder,
  given: { now: Date; newId: () => string },
): Promise<RecordedRefund> {
  const purchase = await book.lockPurchase(order.tenantId, order.purchaseId);
  if (purchase === undefined) {
    const waits = await book.isUnattributed(order.tenantId, order.purchaseId);
    throw new DomainError(waits ? 'PURCHASE_UNATTRIBUTED' : 'PURCHASE_UNKNOWN');
  }
  const existing = await book.findByExternalId(order.tenantId, order.externalId);
  if (existing !== undefined) return answerAgain(book, existing, order);

  const refundId = asRefundId(given.newId());
  const amountMicros = refundAmount(purchase, order.requested);
  const update = refundUpdate(purchase, { refundId, reason: order.reason, amountMicros, at: given.now });
  const refund: Refund = {
    ...order,
    id: refundId,
    amountMicros,
    currency: purchase.currency,
    purchaseSequence: purchase.sequence + 1n,
    lastSequence: update.purchase.sequence,
    recordedAt: given.now,
  };
  if (!(await book.add(refund))) {
    // Somebody else's refund of another purchase took the external id in between.
    const taken = await book.findByExternalId(order.tenantId, order.externalId);
    if (taken === undefined) throw new Error('A taken external id belongs to a refund');
    return answerAgain(book, taken, order);
  }
  await book.save(update);
  return { created: true, refund, reversals: reversalsOf(purchase, update.purchase) };
}

/** What a refund does to a purchase: R rises, and every net follows the formula. */
export function refundUpdate(
  purchase: PurchaseRecord,
  refund: { refundId: RefundId; reason: RefundReason; amountMicros: bigint; at: Date },
): PurchaseUpdate {
  const { refundId, reason, amountMicros, at } = refund;
  const update = new PurchaseUpdate(purchase, at);
  const refundedMicros = purchase.refundedMicros + amountMicros;
  update.setRefunded(refundedMicros);
  const amount = { amountMicros, currency: purchase.currency };
  update.tell({ kind: 'refundRecorded', refundId, reason, amount });
  const after = { amountMicros: purchase.amountMicros, refundedMicros };
  update.change({
    reason: reason === 'chargeback' ? 'chargeback' : 'refund',
    refundId,
    happens: ({ grossMicros }) => ({ kind: 'refunded', netMicros: netAfterRefunds(grossMicros, after), at }),
    fact: (moves) => ({ kind: 'reversed', moves, refundId }),
  });
  return update;
}

function reversalsOf(before: PurchaseRecord, after: PurchaseRecord): Reversal[] {
  const nets = new Map(before.commissions.map(({ id, netMicros }) => [id, netMicros]));
  return inAnswerOrder(after.commissions).map((commission) => {
    const { id, netMicros } = commission;
    return { commission, reversedMicros: (nets.get(id) ?? netMicros) - netMicros, netMicros };
  });
}

async function answerAgain(book: RefundBook, refund: Refund, order: RefundOrder): Promise<RecordedRefund> {
  if (!isSameRefund(refund, order)) throw new DomainError('REFUND_CONFLICT');
  return { created: false, refund, reversals: await book.readReversals(refund) };
}

/** Same purchase, same reason, and the same amount asked for, where none is the same as none only. */
export function isSameRefund(refund: RefundOrder, order: RefundOrder): boolean {
  return (
    refund.purchaseId === order.purchaseId &&
    refund.reason === order.reason &&
    refund.requested?.amountMicros === order.requested?.amountMicros &&
    refund.requested?.currency === order.requested?.currency
  );
}
