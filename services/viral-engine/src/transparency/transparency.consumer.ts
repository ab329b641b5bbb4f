import { DomainError } from '@dailydoco/errors';
import { type ConsumerDefinition, defineConsumer, events, type ReceivedEvent } from '@dailydoco/events';
import { asPurchaseId, asTenantId } from '../ids.js';
import { addWaiting } from './waiting.store.js';

/** A leaf is to be in a signed tree within ten seconds of what it tells of: this is the part of them that goes by before it waits. */
const GIVES_WAY_MS = 1_000;

/**
 * Hears of everything that happens to commissions and remembers whose purchases are to be looked at. What became of
 * them is read from the tables, so an event that comes twice or late changes nothing.
 */
export function transparencyConsumer(given: { isFull: () => boolean }): ConsumerDefinition {
  return defineConsumer({
    name: 'viral-engine-transparency',
    topics: ['viral.events.v1'],
    givesWay: { untilAgeMs: GIVES_WAY_MS },
    handles: [
      events.commissionsAccrued,
      events.commissionsHeld,
      events.commissionsReleased,
      events.commissionsReversed,
      events.commissionsRestored,
      events.commissionsForfeited,
    ],
    async applyBatch(tx, received) {
      // Past the bound events stay in Kafka, which has room.
      if (given.isFull()) throw new DomainError('OVERLOADED', { detail: 'Too many purchases wait to be logged.' });
      await addWaiting(
        tx,
        // Each of the types handled names its purchase.
        (received as readonly ReceivedEvent<{ purchaseId: string }>[]).map(({ tenantId, payload, occurredAt }) => ({
          tenantId: asTenantId(tenantId),
          purchaseId: asPurchaseId(payload.purchaseId),
          since: occurredAt,
        })),
      );
    },
  });
}
