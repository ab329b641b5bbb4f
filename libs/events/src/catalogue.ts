import { CompletionBilled } from '@dailydoco/proto/dailydoco/ai/events/v1/ai_events';
import {
  ApiKeyRevoked,
  TenantCreated,
  UserReactivated,
  UserRegistered,
  UserRolesChanged,
  UserSuspended,
} from '@dailydoco/proto/dailydoco/identity/events/v1/identity_events';
import {
  PayoutApproved,
  PayoutCancelled,
  PayoutFailed,
  PayoutMethodAdded,
  PayoutRequested,
  PayoutReturned,
  PayoutScreened,
  PayoutSettled,
  PayoutSubmitted,
  PayoutUnknown,
} from '@dailydoco/proto/dailydoco/payouts/events/v1/payouts_events';
import {
  CommissionsAccrued,
  CommissionsForfeited,
  CommissionsHeld,
  CommissionsReleased,
  CommissionsRestored,
  CommissionsReversed,
  DisputeDecided,
  DisputeOpened,
  MemberJoined,
  PersonMoved,
  MemberReferred,
  PlansChanged,
  PurchaseRecorded,
  RefundRecorded,
} from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import { SiteCreated, SitePublished } from '@dailydoco/proto/dailydoco/website/events/v1/website_events';
import { type EventCodec, type EventType, defineEvent } from './event-type.js';
import type { TopicName } from './topics.js';

function family(topic: TopicName, packageName: string): <T>(name: string, codec: EventCodec<T>) => EventType<T> {
  return (name, codec) => defineEvent({ type: `${packageName}.${name}`, topic, codec });
}

const identity = family('identity.events.v1', 'dailydoco.identity.events.v1');
const viral = family('viral.events.v1', 'dailydoco.viral.events.v1');
const payouts = family('payouts.events.v1', 'dailydoco.payouts.events.v1');
const website = family('website.events.v1', 'dailydoco.website.events.v1');
const ai = family('ai.events.v1', 'dailydoco.ai.events.v1');

/** Every event of the fleet: one entry for each event message under `proto/dailydoco/<context>/events/v1`. */
export const events = {
  userRegistered: identity('UserRegistered', UserRegistered),
  userSuspended: identity('UserSuspended', UserSuspended),
  userReactivated: identity('UserReactivated', UserReactivated),
  userRolesChanged: identity('UserRolesChanged', UserRolesChanged),
  apiKeyRevoked: identity('ApiKeyRevoked', ApiKeyRevoked),
  tenantCreated: identity('TenantCreated', TenantCreated),

  purchaseRecorded: viral('PurchaseRecorded', PurchaseRecorded),
  commissionsAccrued: viral('CommissionsAccrued', CommissionsAccrued),
  commissionsHeld: viral('CommissionsHeld', CommissionsHeld),
  commissionsReleased: viral('CommissionsReleased', CommissionsReleased),
  commissionsReversed: viral('CommissionsReversed', CommissionsReversed),
  commissionsRestored: viral('CommissionsRestored', CommissionsRestored),
  commissionsForfeited: viral('CommissionsForfeited', CommissionsForfeited),
  refundRecorded: viral('RefundRecorded', RefundRecorded),
  memberJoined: viral('MemberJoined', MemberJoined),
  personMoved: viral('PersonMoved', PersonMoved),
  memberReferred: viral('MemberReferred', MemberReferred),
  disputeOpened: viral('DisputeOpened', DisputeOpened),
  disputeDecided: viral('DisputeDecided', DisputeDecided),
  plansChanged: viral('PlansChanged', PlansChanged),

  payoutMethodAdded: payouts('PayoutMethodAdded', PayoutMethodAdded),
  payoutRequested: payouts('PayoutRequested', PayoutRequested),
  payoutScreened: payouts('PayoutScreened', PayoutScreened),
  payoutApproved: payouts('PayoutApproved', PayoutApproved),
  payoutSubmitted: payouts('PayoutSubmitted', PayoutSubmitted),
  payoutUnknown: payouts('PayoutUnknown', PayoutUnknown),
  payoutSettled: payouts('PayoutSettled', PayoutSettled),
  payoutFailed: payouts('PayoutFailed', PayoutFailed),
  payoutReturned: payouts('PayoutReturned', PayoutReturned),
  payoutCancelled: payouts('PayoutCancelled', PayoutCancelled),

  siteCreated: website('SiteCreated', SiteCreated),
  sitePublished: website('SitePublished', SitePublished),

  completionBilled: ai('CompletionBilled', CompletionBilled),
} as const;
