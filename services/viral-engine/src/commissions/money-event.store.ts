import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox, type OutgoingEvent } from '@dailydoco/events';
import {
  type CommissionChange,
  CommissionStatus as ProtoStatus,
  RefundReason as ProtoRefundReason,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import { protoKind, protoStatus } from './commission.codec.js';
import type { RefundReason } from '../refunds/refund.js';
import type { EntryMove, MoneyEvent } from './money-event.js';

const REFUND_REASON: Readonly<Record<RefundReason, ProtoRefundReason>> = {
  requested: ProtoRefundReason.REFUND_REASON_REQUESTED,
  chargeback: ProtoRefundReason.REFUND_REASON_CHARGEBACK,
};

/** Writes money events into the outbox, in the database transaction of what they tell of, in their order. */
export async function appendMoneyEvents(sql: Sql, outbox: Outbox, moneyEvents: readonly MoneyEvent[]): Promise<void> {
  await outbox.append(sql, moneyEvents.map(toOutgoing));
}

function toOutgoing(event: MoneyEvent): OutgoingEvent {
  const { purchaseId, sequence: purchaseSequence, buyerId, currency: currencyCode, at, fact } = event;
  // Keyed by the buyer, so that all that happens around one buyer's purchases arrives in order.
  const envelope = {
    key: buyerId,
    tenantId: event.tenantId,
    occurredAt: at,
    ...(event.traceparent !== undefined && { traceparent: event.traceparent }),
  };
  const common = { purchaseId, purchaseSequence, buyerId };
  const list = 'moves' in fact ? { ...common, currencyCode, changes: fact.moves.map(toChange) } : undefined;
  if (list === undefined) return factOfPurchase(event, envelope);
  switch (fact.kind) {
    case 'accrued':
      return outgoing({
        ...envelope,
        type: events.commissionsAccrued,
        payload: { ...list, availableAt: fact.availableAt, accruedAt: at },
      });
    case 'held':
      return outgoing({
        ...envelope,
        type: events.commissionsHeld,
        payload: { ...list, reason: fact.reason, changedAt: at },
      });
    case 'released':
      return outgoing({ ...envelope, type: events.commissionsReleased, payload: { ...list, releasedAt: at } });
    case 'reversed':
      return outgoing({
        ...envelope,
        type: events.commissionsReversed,
        payload: { ...list, refundId: fact.refundId, reversedAt: at },
      });
    case 'restored':
      return outgoing({
        ...envelope,
        type: events.commissionsRestored,
        payload: { ...list, refundId: fact.refundId, restoredAt: at },
      });
    case 'forfeited':
      return outgoing({
        ...envelope,
        type: events.commissionsForfeited,
        payload: { ...list, reason: fact.reason, forfeitedAt: at },
      });
    case 'purchaseRecorded':
    case 'refundRecorded':
      throw new Error(`${fact.kind} has no entries`);
  }
}

type Envelope = Pick<OutgoingEvent, 'key' | 'tenantId' | 'occurredAt' | 'traceparent'>;

function factOfPurchase(event: MoneyEvent, envelope: Envelope): OutgoingEvent {
  const { purchaseId, sequence: purchaseSequence, buyerId, at, fact } = event;
  if (fact.kind === 'purchaseRecorded') {
    return outgoing({
      ...envelope,
      type: events.purchaseRecorded,
      payload: {
        purchaseId,
        purchaseSequence,
        buyerId,
        amount: { micros: fact.amount.amountMicros, currencyCode: fact.amount.currency },
        stream: fact.stream,
        websiteId: fact.websiteId ?? '',
        planId: fact.plan?.id ?? '',
        planVersion: fact.plan?.version ?? 0,
        houseMicros: fact.houseMicros,
        occurredAt: fact.occurredAt,
        recordedAt: at,
      },
    });
  }
  if (fact.kind !== 'refundRecorded') throw new Error(`${fact.kind} is told by its entries`);
  return outgoing({
    ...envelope,
    type: events.refundRecorded,
    payload: {
      purchaseId,
      purchaseSequence,
      buyerId,
      refundId: fact.refundId,
      reason: REFUND_REASON[fact.reason],
      amount: { micros: fact.amount.amountMicros, currencyCode: fact.amount.currency },
      recordedAt: at,
    },
  });
}

function toChange(move: EntryMove): CommissionChange {
  const { commissionId, beneficiaryId, level, deltaMicros, netMicros } = move;
  return {
    commissionId,
    beneficiaryId,
    kind: protoKind(move.kind),
    level,
    fromStatus:
      move.fromStatus === undefined ? ProtoStatus.COMMISSION_STATUS_UNSPECIFIED : protoStatus(move.fromStatus),
    toStatus: protoStatus(move.toStatus),
    deltaMicros,
    netMicros,
  };
}
