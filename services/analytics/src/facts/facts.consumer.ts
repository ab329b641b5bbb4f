import { type ConsumerDefinition, defineConsumer, events, isEvent, type ReceivedEvent } from '@dailydoco/events';
import { asTenantId } from '../ids.js';
import type { ChargebackWin, Fact } from './fact.js';
import { FactStore } from './fact.store.js';

const COMMISSION_EVENTS = [
  events.commissionsAccrued,
  events.commissionsHeld,
  events.commissionsReleased,
  events.commissionsReversed,
  events.commissionsRestored,
  events.commissionsForfeited,
] as const;

/** Turns what the other services tell into facts and sums: one database transaction per batch, four statements at most. */
export function factsConsumer(): ConsumerDefinition {
  return defineConsumer({
    name: 'analytics-facts',
    topics: ['identity.events.v1', 'viral.events.v1', 'payouts.events.v1', 'website.events.v1'],
    handles: [
      events.userRegistered,
      events.memberJoined,
      events.purchaseRecorded,
      events.refundRecorded,
      ...COMMISSION_EVENTS,
      events.payoutSettled,
      events.payoutReturned,
      events.sitePublished,
    ],
    applyBatch: (tx, received) => new FactStore(tx).add(received.flatMap(factsOf), received.flatMap(winsOf)),
  });
}

type About = Pick<Fact, 'sourceId' | 'at'> & Partial<Pick<Fact, 'sequence' | 'money'>>;

/** The facts that an event tells of: none or one. */
export function factsOf(event: ReceivedEvent): Fact[] {
  return [...peopleFactsOf(event), ...moneyFactsOf(event), ...otherFactsOf(event)];
}

/** A chargeback won, which only the commissions given back because of it tell of. */
export function winsOf(event: ReceivedEvent): ChargebackWin[] {
  if (!isEvent(event, events.commissionsRestored)) return [];
  const { refundId, restoredAt = event.occurredAt } = event.payload;
  return [{ tenantId: asTenantId(event.tenantId), refundId, wonAt: restoredAt }];
}

function fact({ tenantId }: ReceivedEvent, kind: Fact['kind'], about: About): Fact {
  return { tenantId: asTenantId(tenantId), kind, sequence: 0n, ...about };
}

function peopleFactsOf(event: ReceivedEvent): Fact[] {
  if (isEvent(event, events.userRegistered)) {
    const { userId, registeredAt = event.occurredAt } = event.payload;
    return [fact(event, 'registration', { sourceId: userId, at: registeredAt })];
  }
  if (isEvent(event, events.memberJoined)) {
    const { userId, referrerId, joinedAt = event.occurredAt } = event.payload;
    return referrerId === '' ? [] : [fact(event, 'referred_registration', { sourceId: userId, at: joinedAt })];
  }
  return [];
}

function moneyFactsOf(event: ReceivedEvent): Fact[] {
  if (isEvent(event, events.purchaseRecorded)) {
    const { purchaseId, amount, occurredAt = event.occurredAt } = event.payload;
    return [fact(event, 'purchase', { sourceId: purchaseId, at: occurredAt, money: moneyOf(amount) })];
  }
  if (isEvent(event, events.refundRecorded)) {
    const { refundId, amount, recordedAt = event.occurredAt } = event.payload;
    return [fact(event, 'refund', { sourceId: refundId, at: recordedAt, money: moneyOf(amount) })];
  }
  return isCommissionEvent(event) ? commissionFacts(event) : [];
}

/** What every event about commissions tells. */
interface CommissionsTold {
  readonly purchaseId: string;
  readonly purchaseSequence: bigint;
  readonly currencyCode: string;
  readonly changes: readonly { readonly deltaMicros: bigint }[];
}

function isCommissionEvent(event: ReceivedEvent): event is ReceivedEvent<CommissionsTold> {
  return COMMISSION_EVENTS.some(({ type }) => type === event.type.type);
}

/** Moves between statuses leave the net as it is, and are nothing that the metrics count. */
function commissionFacts(event: ReceivedEvent<CommissionsTold>): Fact[] {
  const { purchaseId: sourceId, purchaseSequence: sequence, currencyCode: currency, changes } = event.payload;
  const micros = changes.reduce((sum, { deltaMicros }) => sum + deltaMicros, 0n);
  return micros === 0n
    ? []
    : [fact(event, 'commission', { sourceId, sequence, at: event.occurredAt, money: { currency, micros } })];
}

function otherFactsOf(event: ReceivedEvent): Fact[] {
  if (isEvent(event, events.payoutSettled)) {
    const { payoutId, amount, settledAt = event.occurredAt } = event.payload;
    return [fact(event, 'payout_settled', { sourceId: payoutId, at: settledAt, money: moneyOf(amount) })];
  }
  if (isEvent(event, events.payoutReturned)) {
    const { payoutId, amount, returnedAt = event.occurredAt } = event.payload;
    return [fact(event, 'payout_returned', { sourceId: payoutId, at: returnedAt, money: moneyOf(amount) })];
  }
  if (isEvent(event, events.sitePublished)) {
    const { siteId, version, publishedAt = event.occurredAt } = event.payload;
    return [fact(event, 'site_published', { sourceId: siteId, sequence: BigInt(version), at: publishedAt })];
  }
  return [];
}

/** An event without its amount is a mistake of its sender: it is set aside, not counted as nothing. */
function moneyOf(
  amount: { readonly currencyCode: string; readonly micros: bigint } | undefined,
): NonNullable<Fact['money']> {
  if (amount === undefined) throw new Error('The event names no amount');
  return { currency: amount.currencyCode, micros: amount.micros };
}
