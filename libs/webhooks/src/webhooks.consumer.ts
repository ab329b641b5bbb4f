import {
  type ConsumerDefinition,
  defineConsumer,
  type EventType,
  type ReceivedEvent,
  type TopicName,
} from '@dailydoco/events';
import type { WebhookMessage } from './delivery.js';
import { insertMessages, tenantsWithSubscriptions } from './delivery.store.js';

export interface WebhooksConsumerOptions {
  /** The consumer's name: `<service>-webhooks`. */
  readonly name: string;
  readonly topic: TopicName;
  readonly handles: readonly EventType[];
  /** What a receiver is told of an event; undefined: nothing. */
  readonly messageOf: (event: ReceivedEvent) => Omit<WebhookMessage, 'id' | 'tenantId'> | undefined;
  readonly clock: { now(): Date };
}

/**
 * Puts a message in line for each subscription that wants the event. It gives way to callers, and for a tenant without a
 * subscription it makes and writes nothing, not even that it has seen the event. What takes place after a subscription
 * was made is told: its event is looked at later than the subscription stands.
 */
export function webhooksConsumer(options: WebhooksConsumerOptions): ConsumerDefinition {
  const { name, topic, handles, messageOf, clock } = options;
  return defineConsumer({
    name,
    topics: [topic],
    handles,
    givesWay: true,
    async wants(tx, received) {
      const tenants = await tenantsWithSubscriptions(
        tx,
        received.map(({ tenantId }) => tenantId),
      );
      return ({ tenantId }) => tenants.has(tenantId);
    },
    async applyBatch(tx, received) {
      const tenants = await tenantsWithSubscriptions(
        tx,
        received.map(({ tenantId }) => tenantId),
      );
      const messages = received
        .filter(({ tenantId }) => tenants.has(tenantId))
        .flatMap((event): WebhookMessage[] => {
          const message = messageOf(event);
          return message === undefined ? [] : [{ ...message, id: event.id, tenantId: event.tenantId }];
        });
      if (messages.length > 0) await insertMessages(tx, messages, clock.now());
    },
  });
}
