import { type ConsumerDefinition, defineConsumer, events, isEvent } from '@dailydoco/events';
import { asTenantId, asUserId } from '../ids.js';
import { keepDispute } from './dispute.store.js';

/** Learns which disputes are undecided, for the rule that looks at them. */
export function disputesConsumer(): ConsumerDefinition {
  return defineConsumer({
    name: 'payouts-disputes',
    topics: ['viral.events.v1'],
    handles: [events.disputeOpened, events.disputeDecided],
    async applyBatch(tx, received) {
      for (const event of received) {
        const tenantId = asTenantId(event.tenantId);
        if (isEvent(event, events.disputeOpened)) {
          const { disputeId: id, userId, hold, openedAt = event.occurredAt } = event.payload;
          await keepDispute(tx, { tenantId, id, personId: asUserId(userId), hold, openedAt, decidedAt: undefined });
        } else if (isEvent(event, events.disputeDecided)) {
          const { disputeId: id, userId, hold, openedAt = event.occurredAt } = event.payload;
          const decidedAt = event.payload.decidedAt ?? event.occurredAt;
          await keepDispute(tx, { tenantId, id, personId: asUserId(userId), hold, openedAt, decidedAt });
        }
      }
    },
  });
}
