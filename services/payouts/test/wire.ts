import { events, type EventType, type OutgoingEvent, outgoing, type ReceivedEvent } from '@dailydoco/events';
import {
  CommissionKind,
  CommissionStatus,
  RefundReason,
  type CommissionChange,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import type { EntryChange, EntryStatus, MoneyEvent } from '../src/purchases/money-event.js';
import type { Life } from './lives.js';

export const PROTO_STATUS: Readonly<Record<EntryStatus, CommissionStatus>> = {
  pending: CommissionStatus.COMMISSION_STATUS_PENDING,
  held: CommissionStatus.COMMISSION_STATUS_HELD,
  available: CommissionStatus.COMMISSION_STATUS_AVAILABLE,
  reversed: CommissionStatus.COMMISSION_STATUS_REVERSED,
  forfeited: CommissionStatus.COMMISSION_STATUS_FORFEITED,
};

/** What viral-engine would publish for a life's event. */
export function outgoingOf(event: MoneyEvent, { buyerId, amountMicros }: Life): OutgoingEvent {
  const { purchaseId, sequence: purchaseSequence, currency: currencyCode, occurredAt, fact } = event;
  const common = { purchaseId, purchaseSequence, buyerId };
  const envelope = { id: event.eventId, key: buyerId, tenantId: event.tenantId, occurredAt };
  if (fact.kind === 'PurchaseRecorded') {
    const payload = {
      ...common,
      amount: { micros: fact.amountMicros, currencyCode },
      stream: 'subscription',
      websiteId: '',
      planId: 'standard',
      planVersion: 1,
      houseMicros: fact.houseMicros,
      occurredAt,
      recordedAt: occurredAt,
    };
    return outgoing({ ...envelope, type: events.purchaseRecorded, payload });
  }
  if (fact.kind === 'RefundRecorded') {
    const { refundId } = fact;
    const amount = { micros: amountMicros, currencyCode };
    const payload = {
      ...common,
      refundId,
      reason: RefundReason.REFUND_REASON_CHARGEBACK,
      amount,
      recordedAt: occurredAt,
    };
    return outgoing({ ...envelope, type: events.refundRecorded, payload });
  }
  const changes = fact.changes.map(toProto);
  const changed = { ...common, currencyCode, changes };
  const [refundId, reason] = [fact.refundId ?? '', fact.reason ?? ''];
  switch (fact.kind) {
    case 'CommissionsAccrued': {
      const payload = { ...changed, availableAt: occurredAt, accruedAt: occurredAt };
      return outgoing({ ...envelope, type: events.commissionsAccrued, payload });
    }
    case 'CommissionsHeld':
      return outgoing({
        ...envelope,
        type: events.commissionsHeld,
        payload: { ...changed, reason, changedAt: occurredAt },
      });
    case 'CommissionsReleased':
      return outgoing({
        ...envelope,
        type: events.commissionsReleased,
        payload: { ...changed, releasedAt: occurredAt },
      });
    case 'CommissionsReversed': {
      const payload = { ...changed, refundId, reversedAt: occurredAt };
      return outgoing({ ...envelope, type: events.commissionsReversed, payload });
    }
    case 'CommissionsRestored': {
      const payload = { ...changed, refundId, restoredAt: occurredAt };
      return outgoing({ ...envelope, type: events.commissionsRestored, payload });
    }
    case 'CommissionsForfeited': {
      const payload = { ...changed, reason, forfeitedAt: occurredAt };
      return outgoing({ ...envelope, type: events.commissionsForfeited, payload });
    }
  }
}

/** An event as the consumer is handed it: through bytes, as Kafka would bring it. */
export function received(sent: OutgoingEvent): ReceivedEvent {
  const { id, tenantId, key, occurredAt } = sent;
  if (id === undefined) throw new Error('an event of a spec has an id');
  const type: EventType = sent.type;
  const payload = type.codec.decode(type.codec.encode(sent.payload).finish());
  return { id, type, tenantId, key, occurredAt, payload, topic: type.topic, partition: 0, offset: 0n };
}

/** All events of a life, as the consumer is handed them. */
export function receivedOf(life: Life): ReceivedEvent[] {
  return life.events.map((event) => received(outgoingOf(event, life)));
}

function toProto({
  commissionId,
  beneficiaryId,
  fromStatus,
  toStatus,
  deltaMicros,
  netMicros,
}: EntryChange): CommissionChange {
  return {
    commissionId,
    beneficiaryId,
    kind: CommissionKind.COMMISSION_KIND_LEVEL,
    level: 1,
    fromStatus: fromStatus === undefined ? CommissionStatus.COMMISSION_STATUS_UNSPECIFIED : PROTO_STATUS[fromStatus],
    toStatus: PROTO_STATUS[toStatus],
    deltaMicros,
    netMicros,
  };
}
