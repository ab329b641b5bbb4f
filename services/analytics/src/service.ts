import { assertSchemaVersion, Lease } from '@dailydoco/database';
import { ConsumerRunner } from '@dailydoco/events';
import { GrpcTransport } from '@dailydoco/grpc';
import { createHttpApp, purgeIdempotencyKeys } from '@dailydoco/http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessConsumer } from './access/access.consumer.js';
import { AppModule } from './app.module.js';
import { keepUp } from './events/keep-up.js';
import { PartitionStore } from './events/partition.store.js';
import { factsConsumer } from './facts/facts.consumer.js';
import { migrationSources } from './migrations.js';
import type { Runtime } from './runtime.js';

export interface Service {
  readonly app: NestFastifyApplication;
  readonly grpc: GrpcTransport;
}

/**
 * Puts the service together: edges, consumers, upkeep, each registered with the lifecycle, whose `start` and `shutdown`
 * do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC (its health only), and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, logger, lifecycle, pool, revocations, idempotency, eventWriter } = runtime;
  const app = await createHttpApp({
    module: AppModule.with(runtime),
    logger,
    lifecycle,
    trustProxy: 'loopback',
    title: 'DailyDoco analytics',
  });
  const grpc = new GrpcTransport({
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    services: [],
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
  lifecycle.onStop('relay', 'event-writer', () => eventWriter.close());
  lifecycle.onStop('stores', 'database', async () => {
    await revocations.stop();
    await pool.end();
  });
  return { app, grpc };
}

/** The part that works on its own: consumers, and the upkeep of the partitions. */
export function addBackground(runtime: Runtime): void {
  const { logger, lifecycle, pool, broker, revocations, apiKeys } = runtime;
  const consumers = [accessConsumer({ revocations, apiKeys }), factsConsumer()];
  const runner = new ConsumerRunner({ broker, pool, consumers, logger, lifecycle });
  lifecycle.onStart('consumers', () => runner.start());
  addUpkeep(runtime);
}

/** Of all replicas the one that holds the lease does it; if none can, writers still make the partitions they need. */
function addUpkeep({ config, clock, logger, lifecycle, pool }: Runtime): void {
  lifecycle.onStart('event-upkeep', async () => {
    const heartbeat = lifecycle.heartbeat('event-upkeep');
    const lease = Lease.hold({
      connectionString: config.DATABASE_URL,
      key: 'analytics-event-upkeep',
      retryMs: config.UPKEEP_EVERY_MS,
      heartbeat,
      onHeld: async (signal) => {
        try {
          const { EVENT_RETENTION_DAYS: retentionDays } = config;
          await keepUp(new PartitionStore(pool), { now: clock.now(), retentionDays, signal });
        } catch (err) {
          logger.warn({ err }, 'a round of upkeep failed; it will be tried again');
        }
      },
    });
    lifecycle.onStop('consumers', 'event-upkeep', async () => {
      await lease.release();
      heartbeat.stop();
    });
  });
}
