import { type ConsumerDefinition, defineConsumer, events, isEvent } from '@dailydoco/events';
import { asTenantId, asUserId } from '../ids.js';
import { StandingStore } from './standing.store.js';

/** Freezes payouts of suspended persons, and learns of tenants. */
export function standingConsumer(): ConsumerDefinition {
  return defineConsumer({
    name: 'payouts-standing',
    topics: ['identity.events.v1'],
    handles: [events.userSuspended, events.userReactivated, events.tenantCreated],
    async applyBatch(tx, received) {
      const store = new StandingStore(tx);
      for (const event of received) {
        const tenantId = asTenantId(event.tenantId);
        if (isEvent(event, events.userSuspended)) {
          const { userId, suspendedAt: at = event.occurredAt } = event.payload;
          await store.set({ tenantId, personId: asUserId(userId), suspended: true, at });
        } else if (isEvent(event, events.userReactivated)) {
          const { userId, reactivatedAt: at = event.occurredAt } = event.payload;
          await store.set({ tenantId, personId: asUserId(userId), suspended: false, at });
        } else if (isEvent(event, events.tenantCreated)) {
          await store.addTenant(asTenantId(event.payload.tenantId), event.occurredAt);
        }
      }
    },
  });
}
