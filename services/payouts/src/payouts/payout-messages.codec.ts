import { parseDecimal } from '@dailydoco/money';
import {
  type Payout as PayoutMessage,
  PayoutStatus as ProtoStatus,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { PAYOUT_STATUSES, type PayoutStatus } from './payout.js';
import type { PayoutView } from './payout-view.http.js';

const STATUS: Readonly<Record<PayoutStatus, ProtoStatus>> = {
  requested: ProtoStatus.PAYOUT_STATUS_REQUESTED,
  screened: ProtoStatus.PAYOUT_STATUS_SCREENED,
  approved: ProtoStatus.PAYOUT_STATUS_APPROVED,
  submitted: ProtoStatus.PAYOUT_STATUS_SUBMITTED,
  unknown: ProtoStatus.PAYOUT_STATUS_UNKNOWN,
  settled: ProtoStatus.PAYOUT_STATUS_SETTLED,
  failed: ProtoStatus.PAYOUT_STATUS_FAILED,
  returned: ProtoStatus.PAYOUT_STATUS_RETURNED,
  cancelled: ProtoStatus.PAYOUT_STATUS_CANCELLED,
};

export function protoStatus(status: PayoutStatus): ProtoStatus {
  return STATUS[status];
}

/** Undefined: no status that this service knows. */
export function payoutStatus(status: ProtoStatus): PayoutStatus | undefined {
  return PAYOUT_STATUSES.find((known) => STATUS[known] === status);
}

/**
 * From the public view, because that is what an Idempotency-Key remembers: a call that is replayed answers alike,
 * whether its first time came over HTTP or gRPC.
 */
export function toPayoutMessage(view: PayoutView): PayoutMessage {
  const { id: payoutId, personId, amount, withheld, fee, status, rail, methodId, batchId, reason } = view;
  return {
    payoutId,
    personId,
    amount: { micros: microsOf(amount), currencyCode: amount.currency },
    withheldMicros: microsOf(withheld),
    feeMicros: microsOf(fee),
    status: STATUS[status],
    rail,
    methodId,
    batchId: batchId ?? '',
    reason: reason ?? '',
    requestedAt: new Date(view.requestedAt),
    changedAt: new Date(view.changedAt),
  };
}

function microsOf(money: { amount: string } | undefined): bigint {
  if (money === undefined) return 0n;
  const micros = parseDecimal(money.amount);
  if (micros === undefined) throw new Error('a payout shows an amount that is none');
  return micros;
}
