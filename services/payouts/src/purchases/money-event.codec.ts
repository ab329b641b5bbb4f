import { type ReceivedEvent, events, type EventType, isEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import {
  type CommissionChange,
  CommissionStatus as ProtoStatus,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import { asCommissionId, asPurchaseId, asRefundId, asTenantId, asUserId, isUuid } from '../ids.js';
import type { ChangesKind, EntryChange, EntryStatus, MoneyEvent } from './money-event.js';

/** The events that move money, or count in a purchase's sequence. */
export const MONEY_EVENT_TYPES = [
  events.purchaseRecorded,
  events.commissionsAccrued,
  events.commissionsHeld,
  events.commissionsReleased,
  events.commissionsReversed,
  events.commissionsRestored,
  events.commissionsForfeited,
  events.refundRecorded,
] as const satisfies readonly EventType[];

const STATUS: Readonly<Partial<Record<ProtoStatus, EntryStatus>>> = {
  [ProtoStatus.COMMISSION_STATUS_PENDING]: 'pending',
  [ProtoStatus.COMMISSION_STATUS_HELD]: 'held',
  [ProtoStatus.COMMISSION_STATUS_AVAILABLE]: 'available',
  [ProtoStatus.COMMISSION_STATUS_REVERSED]: 'reversed',
  [ProtoStatus.COMMISSION_STATUS_FORFEITED]: 'forfeited',
};

const KIND: ReadonlyMap<string, ChangesKind> = new Map([
  [events.commissionsAccrued.type, 'CommissionsAccrued'],
  [events.commissionsHeld.type, 'CommissionsHeld'],
  [events.commissionsReleased.type, 'CommissionsReleased'],
  [events.commissionsReversed.type, 'CommissionsReversed'],
  [events.commissionsRestored.type, 'CommissionsRestored'],
  [events.commissionsForfeited.type, 'CommissionsForfeited'],
]);

interface ChangesPayload {
  readonly purchaseId: string;
  readonly purchaseSequence: bigint;
  readonly currencyCode: string;
  readonly changes: readonly CommissionChange[];
  readonly refundId?: string;
  readonly reason?: string;
}

type Envelope = Pick<ReceivedEvent, 'id' | 'tenantId' | 'type' | 'payload' | 'occurredAt'>;

/** A money event in this service's words. Throws on one that is not what its contract says. */
export function toMoneyEvent(event: Envelope): MoneyEvent {
  const common = { tenantId: asTenantId(event.tenantId), eventId: event.id, occurredAt: event.occurredAt };
  const received = event as ReceivedEvent;
  if (isEvent(received, events.purchaseRecorded)) {
    const { purchaseId, purchaseSequence: sequence, amount, houseMicros } = received.payload;
    if (amount === undefined) throw new Error('PurchaseRecorded has no amount');
    return {
      ...common,
      purchaseId: idOf(purchaseId, asPurchaseId),
      sequence,
      currency: currencyOf(amount.currencyCode),
      fact: { kind: 'PurchaseRecorded', amountMicros: amount.micros, houseMicros },
    };
  }
  if (isEvent(received, events.refundRecorded)) {
    const { purchaseId, purchaseSequence: sequence, amount, refundId } = received.payload;
    if (amount === undefined) throw new Error('RefundRecorded has no amount');
    return {
      ...common,
      purchaseId: idOf(purchaseId, asPurchaseId),
      sequence,
      currency: currencyOf(amount.currencyCode),
      fact: { kind: 'RefundRecorded', refundId: idOf(refundId, asRefundId) },
    };
  }
  const kind = KIND.get(event.type.type);
  if (kind === undefined) throw new Error(`${event.type.type} is no money event`);
  // The six events of commissions are alike but for what some add.
  const payload = event.payload as ChangesPayload;
  return {
    ...common,
    purchaseId: idOf(payload.purchaseId, asPurchaseId),
    sequence: payload.purchaseSequence,
    currency: currencyOf(payload.currencyCode),
    fact: {
      kind,
      changes: payload.changes.map(toChange),
      refundId: payload.refundId === undefined ? undefined : idOf(payload.refundId, asRefundId),
      reason: payload.reason,
    },
  };
}

/** The bytes of an event that has to wait for its turn; `fromSetAside` reads them again. */
export function typeByName(name: string): EventType {
  const type = MONEY_EVENT_TYPES.find((each) => each.type === name);
  if (type === undefined) throw new Error(`${name} is no money event`);
  return type;
}

function toChange(change: CommissionChange): EntryChange {
  const toStatus = STATUS[change.toStatus];
  if (toStatus === undefined) throw new Error(`commission ${change.commissionId} goes to no status known here`);
  return {
    commissionId: idOf(change.commissionId, asCommissionId),
    beneficiaryId: idOf(change.beneficiaryId, asUserId),
    fromStatus: STATUS[change.fromStatus],
    toStatus,
    deltaMicros: change.deltaMicros,
    netMicros: change.netMicros,
  };
}

function idOf<Id>(text: string, as: (text: string) => Id): Id {
  if (!isUuid(text)) throw new Error(`'${text}' is no id`);
  return as(text);
}
