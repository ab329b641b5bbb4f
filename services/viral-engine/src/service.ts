import { assertSchemaVersion, inDatabaseTransaction } from '@dailydoco/database';
import { ConsumerRunner, OutboxRelay } from '@dailydoco/events';
import { GrpcTransport } from '@dailydoco/grpc';
import { createHttpApp, purgeIdempotencyKeys } from '@dailydoco/http';
import { PeriodicTask } from '@dailydoco/lifecycle';
import cookie from '@fastify/cookie';
import {
  PurchaseServiceService,
  ReconciliationServiceService,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessConsumer } from './access/access.consumer.js';
import { AppModule } from './app.module.js';
import { DueStore } from './commissions/due.store.js';
import { releaseDue } from './commissions/release-due.js';
import { settleHolds } from './commissions/settle-holds.js';
import { membersConsumer } from './members/members.consumer.js';
import { MemberStore } from './members/member.store.js';
import { migrationSources } from './migrations.js';
import type { Runtime } from './runtime.js';

import { websitesConsumer } from './websites/websites.consumer.js';

export interface Service {
  readonly app: NestFastifyApplication;
  readonly grpc: GrpcTransport;
}

/** Most purchases that one database transaction releases, holds or lifts. */
const DUE_BATCH = 500;

/**
 * Puts the service together: edges, relay, consumers, schedulers, each registered with the lifecycle, whose `start`
 * and `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, logger, lifecycle, pool, prisma, revocations, idempotency } = runtime;
  const app = await createHttpApp({
    module: AppModule.with(runtime),
    logger,
    lifecycle,
    trustProxy: 'loopback',
    title: 'DailyDoco viral-engine',
    plugins: async (fastify) => {
      await fastify.register(cookie);
    },
  });
  const grpc = new GrpcTransport({
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    services: [PurchaseServiceService, ReconciliationServiceService, ReferralServiceService],
    authenticator: runtime.authenticator,
    lifecycle,
    logger,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: false });

  lifecycle.readinessCheck('database', async () => {
    await pool.query('SELECT 1');
  });
  lifecycle.onStart('schema', () => assertSchemaVersion(pool, [...migrationSources]));
  lifecycle.onStart('revocations', () => revocations.start(lifecycle.heartbeat('revocations')));
  lifecycle.onStart('grpc', async () => {
    await app.startAllMicroservices();
  });
  lifecycle.onStart('http', async () => {
    await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  });
  purgeIdempotencyKeys({ store: idempotency, sql: pool, lifecycle, logger });
  lifecycle.onStop('relay', 'clicks', () => runtime.clicks.close());
  lifecycle.onStop('stores', 'database', async () => {
    await revocations.stop();
    await prisma.$disconnect();
    await pool.end();
  });
  return { app, grpc };
}

/** The part that works on its own: relay, consumers, schedulers. */
export function addBackground(runtime: Runtime): void {
  const { config, logger, lifecycle, pool, broker, outbox, clock, newId, randomBytes, revocations, apiKeys } = runtime;
  const relay = new OutboxRelay({ connectionString: config.DATABASE_URL, broker, logger, lifecycle });
  const consumers = [
    accessConsumer({ revocations, apiKeys }),
    membersConsumer({ book: (sql) => new MemberStore(sql, { outbox, newId }), clock, randomBytes }),
    websitesConsumer(clock),
  ];
  const runner = new ConsumerRunner({ broker, pool, consumers, logger, lifecycle });
  lifecycle.onStart('relay', () => relay.start());
  lifecycle.onStart('consumers', () => runner.start());
  repeat(runtime, {
    name: 'commission-release',
    everyMs: config.RELEASE_EVERY_MS,
    run: () =>
      inDatabaseTransaction(pool, async (tx) => {
        const handled = await releaseDue(new DueStore(tx, outbox), { now: clock.now(), limit: DUE_BATCH });
        return handled > 0;
      }),
  });
  repeat(runtime, {
    name: 'commission-holds',
    everyMs: config.HOLDS_EVERY_MS,
    run: () =>
      inDatabaseTransaction(pool, (tx) =>
        settleHolds(new DueStore(tx, outbox), { now: clock.now(), limit: DUE_BATCH }),
      ),
  });
}

function repeat(
  { lifecycle, logger }: Runtime,
  task: { name: string; everyMs: number; run: () => Promise<boolean> },
): void {
  const { name, everyMs, run } = task;
  lifecycle.onStart(name, async () => {
    const onError = (err: unknown): void => logger.warn({ err, task: name }, 'a run failed; it will be tried again');
    const periodic = new PeriodicTask({ everyMs, run, onError, signs: lifecycle.heartbeat(name) });
    lifecycle.onStop('consumers', name, () => periodic.stop());
    periodic.start();
  });
}
