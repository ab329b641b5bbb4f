import { inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import type { Customers } from '../customers/customers.js';
import type { RecordPurchase } from '../purchases/record-purchase.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { ApplyEvents } from './apply-events.js';
import { BillingStore } from './billing.store.js';
import { EndpointStore, SecretSealer } from './endpoint.store.js';
import { Endpoints } from './endpoints.js';
import { EventStore, insertEvent } from './event.store.js';
import { FindEvents } from './find-events.js';
import { ReceiveEvent } from './receive-event.js';
import { openStripeEvent } from './stripe-event.codec.js';
import { WEBHOOK_BASE_URL, WebhookEndpointsHttp } from './webhook-endpoints.http.js';
import { WebhooksHttp } from './webhooks.http.js';

const received = counter('dailydoco_webhook_events_received_total');
const settled = counter('dailydoco_webhook_events_settled_total');

function sealerOf({ config, randomBytes }: Runtime): SecretSealer {
  return new SecretSealer(Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'), randomBytes);
}

function endpoints(runtime: Runtime): Endpoints {
  const { pool, idempotency, clock, newId } = runtime;
  const sealer = sealerOf(runtime);
  return new Endpoints({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new EndpointStore(tx, sealer))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new EndpointStore(tx, sealer))),
    reads: new EndpointStore(pool, sealer),
    clock,
    newId,
  });
}

function receiveEvent(runtime: Runtime): ReceiveEvent {
  const { pool, clock } = runtime;
  const store = new EndpointStore(pool, sealerOf(runtime));
  return new ReceiveEvent({
    inbox: {
      findEndpoint: (id) => store.find(id),
      add: (endpoint, event, receivedAt) => insertEvent(pool, endpoint, { event, receivedAt }),
    },
    open: openStripeEvent,
    clock,
    met: (outcome) => received.add(1, { outcome }),
  });
}

function findEvents(runtime: Runtime): FindEvents {
  const endpoint = new EndpointStore(runtime.pool, sealerOf(runtime));
  return new FindEvents(new EventStore(runtime.pool), async (id) => (await endpoint.find(id))?.endpoint);
}

/** What applies events once they are stored. */
export function applyEvents(
  { pool, outbox, clock, newId, logger }: Runtime,
  by: { recordPurchase: RecordPurchase; customers: Customers },
): ApplyEvents {
  return new ApplyEvents({
    queue: new EventStore(pool),
    // The sender is trusted to tell when an invoice was paid: it may have tried for days to reach us.
    recordPurchase: (order) => by.recordPurchase.record(order, { mayBackdate: true }),
    mapCustomer: (order) => by.customers.mapPlainly(order),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new BillingStore(tx, outbox))),
    clock,
    newId,
    settled: (outcome) => settled.add(1, { outcome }),
    failed: ({ eventId }, err) => logger.warn({ err, eventId }, 'an event was not applied; it will be tried again'),
  });
}

@Module({
  providers: [
    { provide: Endpoints, useFactory: endpoints, inject: [RUNTIME] },
    { provide: ReceiveEvent, useFactory: receiveEvent, inject: [RUNTIME] },
    { provide: FindEvents, useFactory: findEvents, inject: [RUNTIME] },
    {
      provide: WEBHOOK_BASE_URL,
      useFactory: ({ config }: Runtime) => config.PUBLIC_URL.replace(/\/$/, ''),
      inject: [RUNTIME],
    },
  ],
  controllers: [WebhooksHttp, WebhookEndpointsHttp],
})
export class WebhooksModule {}
