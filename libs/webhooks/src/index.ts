export { webhooksMigrations } from './migrations.js';
export { targetRulesOf, type WebhookConfig, webhookSettings } from './settings.js';
export { deliveriesOf, deliveryTasks, subscriptionsOf, type WebhooksGiven, type WebhookTask } from './webhooks.js';
export { webhooksConsumer, type WebhooksConsumerOptions } from './webhooks.consumer.js';
export type { WebhookMessage } from './delivery.js';
export { Subscriptions } from './subscriptions.js';
export { Deliveries } from './deliveries.js';
export { WebhookSubscriptionsHttp } from './webhook-subscriptions.http.js';
export { WebhookDeliveriesHttp } from './webhook-deliveries.http.js';
