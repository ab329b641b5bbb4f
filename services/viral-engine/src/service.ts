import { inDatabaseTransaction } from '@dailydoco/database';
import { keepRawBody } from '@dailydoco/http';
import {
  PurchaseServiceService,
  ReconciliationServiceService,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { accessConsumer, addConsumers, addRelay, buildEdges, repeat, type Service } from '@dailydoco/service';
import { firstSaltedDay } from './clicks/click-identity.js';
import { destroyIdentities } from './clicks/click-salts.store.js';
import { recoverClicks } from './clicks/clicks.module.js';
import { AppModule } from './app.module.js';
import { addAnchoring } from './anchoring/anchoring.module.js';
import { releaseCommissions } from './commissions/commissions.module.js';
import { DueStore } from './commissions/due.store.js';
import { settleHolds } from './commissions/settle-holds.js';
import { scoring, tidyReviews } from './fraud/fraud.module.js';
import { watchDeadlines } from './disputes/disputes.module.js';
import { membersConsumer } from './members/members.consumer.js';
import { MemberStore } from './members/member.store.js';
import { networkConsumer } from './network/purchases.consumer.js';
import { countNetworks } from './network/network.module.js';
import { migrationSources } from './migrations.js';
import { notifying, sendNotifications } from './notifications/notifications.module.js';
import { Customers } from './customers/customers.js';
import { attributePurchases } from './purchases/purchases.module.js';
import { RecordPurchase } from './purchases/record-purchase.js';
import type { Runtime } from './runtime.js';
import { keepTransparencyLog } from './transparency/transparency.module.js';
import { transparencyConsumer } from './transparency/transparency.consumer.js';
import { applyEvents } from './webhooks/webhooks.module.js';
import { websitesConsumer } from './websites/websites.consumer.js';

/** Most purchases that one database transaction holds or lifts. */
const DUE_BATCH = 500;
const DEADLINES_EVERY_MS = 60_000;
const IDENTITIES_BATCH = 10_000;
const IDENTITIES_EVERY_MS = 600_000;
const REVIEWS_EVERY_MS = 15_000;

/**
 * Puts the service together: edges, relay, consumers, schedulers, each registered with the lifecycle, whose `start`
 * and `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  if (runtime.config.BACKGROUND_WORK) addBackground(runtime, service);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, lifecycle, prisma, clicks, clickJournal } = runtime;
  const service = await buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    grpcServices: [PurchaseServiceService, ReconciliationServiceService, ReferralServiceService],
    trustProxy: config.TRUSTED_PROXIES,
    plugins: (fastify) => keepRawBody(fastify, '/v1/webhooks/'),
    preparations: { 'click-journal': async () => clickJournal?.open() },
    beforePoolEnds: () => prisma.$disconnect(),
  });
  lifecycle.onStop('relay', 'clicks', () => clicks.close());
  if (clickJournal !== undefined) recoverClicks(runtime);
  return service;
}

/** The part that works on its own: relay, consumers, schedulers. */
export function addBackground(runtime: Runtime, { app }: Pick<Service, 'app'>): void {
  const log = keepTransparencyLog(runtime);
  const { config, pool, outbox, clock, newId, randomBytes, clickIds } = runtime;
  addRelay(runtime);
  addConsumers(runtime, [
    accessConsumer(runtime),
    membersConsumer({ book: (sql) => new MemberStore(sql, { outbox, newId }), clock, randomBytes, clickIds }),
    websitesConsumer(clock),
    networkConsumer(),
    scoring(runtime),
    transparencyConsumer({ isFull: log.isFull }),
    notifying(runtime),
  ]);
  sendNotifications(runtime);
  repeat(runtime, { name: 'transparency-log', everyMs: config.TRANSPARENCY_EVERY_MS, run: log.keep });
  repeat(runtime, { name: 'transparency-sweep', everyMs: config.TRANSPARENCY_SWEEP_EVERY_MS, run: log.sweep });
  repeat(runtime, {
    name: 'commission-release',
    everyMs: config.RELEASE_EVERY_MS,
    run: () => releaseCommissions(runtime),
  });
  // The same as the edges have, so that a process has one writer of purchases.
  const recordPurchase = app.get(RecordPurchase, { strict: false });
  const webhooks = applyEvents(runtime, { recordPurchase, customers: app.get(Customers, { strict: false }) });
  repeat(runtime, { name: 'webhook-events', everyMs: config.WEBHOOKS_EVERY_MS, run: () => webhooks.runOnce() });
  const attribution = attributePurchases(runtime);
  repeat(runtime, {
    name: 'purchase-attribution',
    everyMs: config.ATTRIBUTION_EVERY_MS,
    run: () => attribution.runOnce(),
  });
  repeat(runtime, {
    name: 'commission-holds',
    everyMs: config.HOLDS_EVERY_MS,
    run: () =>
      inDatabaseTransaction(pool, (tx) =>
        settleHolds(new DueStore(tx, outbox), { now: clock.now(), limit: DUE_BATCH }),
      ),
  });
  addAnchoring(runtime);
  countNetworks(runtime);
  repeat(runtime, { name: 'fraud-reviews', everyMs: REVIEWS_EVERY_MS, run: () => tidyReviews(runtime) });
  repeat(runtime, {
    name: 'dispute-deadlines',
    everyMs: DEADLINES_EVERY_MS,
    run: () => watchDeadlines(runtime),
  });
  repeat(runtime, {
    name: 'click-identities',
    everyMs: IDENTITIES_EVERY_MS,
    run: () => destroyIdentities(pool, { before: firstSaltedDay(clock.now()), limit: IDENTITIES_BATCH }),
  });
}
