import { type ConsumerDefinition, defineConsumer, events, isEvent, type ReceivedEvent } from '@dailydoco/events';
import type { UserRegistered } from '@dailydoco/proto/dailydoco/identity/events/v1/identity_events';
import { asTenantId, asUserId } from '../ids.js';
import { changeMemberStatus, type StatusChange } from './change-member.js';
import { MemberStore } from './member.store.js';
import type { RandomBytes } from './referral-code.js';
import { type Registration, registerMember } from './register-member.js';

/** Keeps the tree in step with identity: who registered, who is suspended, who is active again. */
export function membersConsumer(given: {
  book: (...sql: [ConstructorParameters<typeof MemberStore>[0]]) => MemberStore;
  clock: { now(): Date };
  randomBytes: RandomBytes;
}): ConsumerDefinition {
  const { book, clock, randomBytes } = given;
  return defineConsumer({
    name: 'viral-engine-members',
    topics: ['identity.events.v1'],
    handles: [events.userRegistered, events.userSuspended, events.userReactivated],
    async applyBatch(tx, received) {
      const members = book(tx);
      const now = clock.now();
      // Before the lock that keeps splits out: a move, too, takes the tree first, and then keeps splits out.
      await members.shareTree();
      // The lock that keeps splits out comes before any row of theirs, also when only the last event needs it.
      if (received.some((event) => statusChangeOf(event, now) !== undefined)) await members.lockOutSplits();
      for (const event of received) {
        const change = statusChangeOf(event, now);
        if (change !== undefined) await changeMemberStatus(members, change);
        else if (isEvent(event, events.userRegistered)) {
          await registerMember(members, toRegistration(event), { now, randomBytes });
        }
      }
    },
  });
}

function statusChangeOf(event: ReceivedEvent, at: Date): StatusChange | undefined {
  const tenantId = asTenantId(event.tenantId);
  if (isEvent(event, events.userSuspended)) {
    return { tenantId, userId: asUserId(event.payload.userId), status: 'suspended', at };
  }
  if (isEvent(event, events.userReactivated)) {
    return { tenantId, userId: asUserId(event.payload.userId), status: 'active', at };
  }
  return undefined;
}

function toRegistration({ tenantId, payload, occurredAt }: ReceivedEvent<UserRegistered>): Registration {
  const { userId, referralCode, visitorId, registeredAt } = payload;
  return {
    tenantId: asTenantId(tenantId),
    userId: asUserId(userId),
    status: 'active',
    referralCode: referralCode === '' ? undefined : referralCode,
    visitorId: visitorId === '' ? undefined : visitorId,
    registeredAt: registeredAt ?? occurredAt,
  };
}
