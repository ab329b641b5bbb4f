import { events, type EventType, type TopicName } from '@dailydoco/events';
import type { ServiceName } from '@dailydoco/local';

/** Who publishes each topic. */
export const PRODUCERS: Readonly<Record<TopicName, ServiceName>> = {
  'identity.events.v1': 'identity',
  'viral.events.v1': 'viral-engine',
  'payouts.events.v1': 'payouts',
  'website.events.v1': 'website-builder',
  'analytics.events.v1': 'analytics',
  'ai.events.v1': 'ai-gateway',
};

/** A consumer as its service defines it: whose database has its inbox, and which events it applies. */
export interface Applier {
  readonly name: string;
  readonly service: ServiceName;
  readonly types: readonly EventType[];
  /** Whether it passes over some of them without a trace, so that its inbox cannot tell what is missing. */
  readonly passesOver?: true;
}

const COMMISSION_EVENTS = [
  events.commissionsAccrued,
  events.commissionsHeld,
  events.commissionsReleased,
  events.commissionsReversed,
  events.commissionsRestored,
  events.commissionsForfeited,
];

const access = (service: ServiceName): Applier => ({
  name: `${service}-access`,
  service,
  types: [events.userSuspended, events.userReactivated, events.apiKeyRevoked],
});

/** Every consumer of the fleet. A spec holds this against the services' sources. */
export const APPLIERS: readonly Applier[] = [
  access('viral-engine'),
  access('payouts'),
  access('analytics'),
  access('website-builder'),
  access('ai-gateway'),
  { name: 'identity-payout-methods', service: 'identity', types: [events.payoutMethodAdded] },
  {
    name: 'viral-engine-members',
    service: 'viral-engine',
    types: [events.userRegistered, events.userSuspended, events.userReactivated],
  },
  {
    name: 'viral-engine-fraud',
    service: 'viral-engine',
    types: [events.userRegistered, events.memberJoined, events.commissionsAccrued, events.commissionsReversed],
  },
  { name: 'viral-engine-websites', service: 'viral-engine', types: [events.sitePublished] },
  { name: 'viral-engine-transparency', service: 'viral-engine', types: COMMISSION_EVENTS },
  {
    name: 'viral-engine-network',
    service: 'viral-engine',
    types: [
      events.purchaseRecorded,
      events.refundRecorded,
      events.commissionsReversed,
      events.commissionsRestored,
      events.commissionsForfeited,
    ],
  },
  // What no tenant has subscribed to is passed over.
  { name: 'viral-engine-webhooks', service: 'viral-engine', types: COMMISSION_EVENTS, passesOver: true },
  {
    name: 'payouts-webhooks',
    service: 'payouts',
    // Every step in the life of a payout.
    types: Object.values(events).filter(({ type }) => /[.]payouts[.].*[.]Payout[A-Z][a-z]+$/.test(type)),
    passesOver: true,
  },
  {
    name: 'payouts-ledger',
    service: 'payouts',
    types: [events.purchaseRecorded, events.refundRecorded, ...COMMISSION_EVENTS],
  },
  {
    name: 'payouts-disputes',
    service: 'payouts',
    types: [events.disputeOpened, events.disputeDecided],
  },
  {
    name: 'payouts-standing',
    service: 'payouts',
    types: [events.userSuspended, events.userReactivated, events.tenantCreated],
  },
  {
    name: 'analytics-facts',
    service: 'analytics',
    types: [
      events.userRegistered,
      events.memberJoined,
      events.purchaseRecorded,
      events.refundRecorded,
      ...COMMISSION_EVENTS,
      events.payoutSettled,
      events.payoutReturned,
      events.sitePublished,
    ],
  },
];
