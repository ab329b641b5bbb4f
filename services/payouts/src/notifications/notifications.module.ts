import type { ConsumerDefinition } from '@dailydoco/events';
import { repeat } from '@dailydoco/service';
import {
  Deliveries,
  deliveriesOf,
  deliveryTasks,
  Subscriptions,
  subscriptionsOf,
  webhooksConsumer,
  type WebhooksGiven,
} from '@dailydoco/webhooks';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { PAYOUT_EVENTS, PAYOUT_MESSAGES, payoutMessageOf } from './payout-messages.codec.js';
import { PayoutWebhookDeliveriesHttp, PayoutWebhooksHttp } from './payout-webhooks.http.js';

/** What the lib needs of this service. */
export function webhooksGiven({ pool, idempotency, clock, newId, logger, config }: Runtime): WebhooksGiven {
  const keyEncryption = Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64');
  return { pool, idempotency, clock, newId, logger, config, keyEncryption, eventTypes: PAYOUT_MESSAGES };
}

/** What puts a message in line for each step of a payout. */
export function notifying({ clock }: Pick<Runtime, 'clock'>): ConsumerDefinition {
  return webhooksConsumer({
    name: 'payouts-webhooks',
    topic: 'payouts.events.v1',
    handles: PAYOUT_EVENTS,
    messageOf: payoutMessageOf,
    clock,
  });
}

/** Sends what is in line, for as long as the service runs. */
export function sendNotifications(runtime: Runtime): void {
  const { tasks, stop } = deliveryTasks(webhooksGiven(runtime));
  // A stage after the loops': nothing new begins, and what is under way ends.
  runtime.lifecycle.onStop('relay', 'webhooks', stop);
  for (const task of tasks) repeat(runtime, task);
}

@Module({
  providers: [
    {
      provide: Subscriptions,
      useFactory: (runtime: Runtime) => subscriptionsOf(webhooksGiven(runtime)),
      inject: [RUNTIME],
    },
    { provide: Deliveries, useFactory: (runtime: Runtime) => deliveriesOf(webhooksGiven(runtime)), inject: [RUNTIME] },
  ],
  controllers: [PayoutWebhooksHttp, PayoutWebhookDeliveriesHttp],
})
export class NotificationsModule {}
