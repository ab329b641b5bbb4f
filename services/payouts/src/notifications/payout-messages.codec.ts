import { events, type EventType, type ReceivedEvent } from '@dailydoco/events';
import { formatMoney } from '@dailydoco/http';
import { currencyOf } from '@dailydoco/money';
import type { WebhookMessage } from '@dailydoco/webhooks';

/** What every event in the life of a payout says; some say why, or by which rail. */
interface PayoutFact {
  readonly payoutId: string;
  readonly personId: string;
  readonly amount?: { readonly micros: bigint; readonly currencyCode: string } | undefined;
  readonly reason?: string;
  readonly rail?: string;
}

const STEP = /^dailydoco\.payouts\.events\.v1\.Payout([A-Z][a-z]+)$/;

/** Every step in the life of a payout that the catalogue has: a step that is added there is told here, too. */
export const PAYOUT_EVENTS: readonly EventType<PayoutFact>[] = Object.values(events).filter(
  (event): event is typeof event & EventType<PayoutFact> => STEP.test(event.type),
);

/** What receivers can subscribe to: `payout.settled` for PayoutSettled, and so on. */
export const PAYOUT_MESSAGES: readonly string[] = PAYOUT_EVENTS.map(nameOf);

function nameOf({ type }: EventType): string {
  return `payout.${STEP.exec(type)?.[1]?.toLowerCase() ?? ''}`;
}

/** What receivers are told of a step: ids, amount, and why; undefined for an event of another kind. */
export function payoutMessageOf(event: ReceivedEvent): Omit<WebhookMessage, 'id' | 'tenantId'> | undefined {
  const step = PAYOUT_EVENTS.find(({ type }) => type === event.type.type);
  if (step === undefined) return undefined;
  const type = nameOf(step);
  const { payoutId, personId, amount, reason = '', rail = '' } = event.payload as PayoutFact;
  return {
    type,
    occurredAt: event.occurredAt,
    data: {
      payoutId,
      personId,
      amount: amount === undefined ? null : moneyOf(amount),
      status: type.slice('payout.'.length),
      ...(rail !== '' && { rail }),
      ...(reason !== '' && { reason }),
    },
  };
}

function moneyOf({ micros, currencyCode }: { micros: bigint; currencyCode: string }) {
  return formatMoney({ amountMicros: micros, currency: currencyOf(currencyCode) });
}
