import { type ConsumerDefinition, defineConsumer, events, isEvent } from '@dailydoco/events';
import { asTenantId, asUserId, asWebsiteId } from '../ids.js';
import { WebsiteStore } from './website.store.js';

/** Keeps the copy of who owns which website. */
export function websitesConsumer(clock: { now(): Date }): ConsumerDefinition {
  return defineConsumer({
    name: 'viral-engine-websites',
    topics: ['website.events.v1'],
    handles: [events.sitePublished],
    async applyBatch(tx, received) {
      const websites = new WebsiteStore(tx);
      for (const event of received) {
        if (!isEvent(event, events.sitePublished)) continue;
        const { siteId, ownerId } = event.payload;
        const tenantId = asTenantId(event.tenantId);
        await websites.add({ tenantId, websiteId: asWebsiteId(siteId), ownerId: asUserId(ownerId) }, clock.now());
      }
    },
  });
}
