import { events, isEvent, type ReceivedEvent } from '@dailydoco/events';
import { formatMoney, type MoneyAnswer } from '@dailydoco/http';
import { currencyOf } from '@dailydoco/money';
import {
  type CommissionChange,
  CommissionKind,
  CommissionStatus,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import type { WebhookMessage } from '@dailydoco/webhooks';

/** What receivers can subscribe to: what happens to the commissions of a purchase. */
export const COMMISSION_MESSAGES = [
  'commission.accrued',
  'commission.held',
  'commission.hold_lifted',
  'commission.released',
  'commission.reversed',
  'commission.restored',
  'commission.forfeited',
] as const;

type CommissionMessage = (typeof COMMISSION_MESSAGES)[number];

/** The events behind them. */
export const COMMISSION_EVENTS = [
  events.commissionsAccrued,
  events.commissionsHeld,
  events.commissionsReleased,
  events.commissionsReversed,
  events.commissionsRestored,
  events.commissionsForfeited,
];

const { COMMISSION_STATUS_PENDING, COMMISSION_STATUS_HELD, COMMISSION_STATUS_AVAILABLE } = CommissionStatus;
const { COMMISSION_STATUS_REVERSED, COMMISSION_STATUS_FORFEITED } = CommissionStatus;

/** As the public API spells them. */
const STATUSES: Readonly<Partial<Record<CommissionStatus, string>>> = {
  [COMMISSION_STATUS_PENDING]: 'pending',
  [COMMISSION_STATUS_HELD]: 'held',
  [COMMISSION_STATUS_AVAILABLE]: 'available',
  [COMMISSION_STATUS_REVERSED]: 'reversed',
  [COMMISSION_STATUS_FORFEITED]: 'forfeited',
};

/** What every event about commissions says. */
interface CommissionFact {
  readonly purchaseId: string;
  readonly purchaseSequence: bigint;
  readonly buyerId: string;
  readonly currencyCode: string;
  readonly changes: readonly CommissionChange[];
}

/** What receivers are told of a purchase's commissions: every one that changed; undefined for an event of another kind. */
export function commissionMessageOf(event: ReceivedEvent): Omit<WebhookMessage, 'id' | 'tenantId'> | undefined {
  const { occurredAt } = event;
  const told = (type: CommissionMessage, fact: CommissionFact, more: object = {}) => ({
    type,
    occurredAt,
    data: { ...view(fact), ...more },
  });
  if (isEvent(event, events.commissionsAccrued)) {
    const { availableAt } = event.payload;
    return told('commission.accrued', event.payload, { availableAt: availableAt?.toISOString() ?? null });
  }
  if (isEvent(event, events.commissionsHeld)) {
    const { reason, changes } = event.payload;
    const isHeld = changes.some(({ toStatus }) => toStatus === COMMISSION_STATUS_HELD);
    return told(isHeld ? 'commission.held' : 'commission.hold_lifted', event.payload, { reason });
  }
  if (isEvent(event, events.commissionsReleased)) return told('commission.released', event.payload);
  if (isEvent(event, events.commissionsReversed)) {
    return told('commission.reversed', event.payload, { refundId: event.payload.refundId });
  }
  if (isEvent(event, events.commissionsRestored)) {
    return told('commission.restored', event.payload, { refundId: event.payload.refundId });
  }
  if (isEvent(event, events.commissionsForfeited)) {
    return told('commission.forfeited', event.payload, { reason: event.payload.reason });
  }
  return undefined;
}

function view({ purchaseId, purchaseSequence, buyerId, currencyCode, changes }: CommissionFact): object {
  const currency = currencyOf(currencyCode);
  const money = (amountMicros: bigint): MoneyAnswer => formatMoney({ amountMicros, currency });
  return {
    purchaseId,
    // Counts the changes of a purchase without a gap: receivers that keep a state apply them in this order.
    purchaseSequence: Number(purchaseSequence),
    buyerId,
    commissions: changes.map((change) => ({
      id: change.commissionId,
      beneficiaryId: change.beneficiaryId,
      kind: change.kind === CommissionKind.COMMISSION_KIND_WEBSITE_BONUS ? 'website_bonus' : 'level',
      level: change.level === 0 ? null : change.level,
      status: STATUSES[change.toStatus] ?? null,
      formerStatus: STATUSES[change.fromStatus] ?? null,
      change: money(change.deltaMicros),
      net: money(change.netMicros),
    })),
  };
}
