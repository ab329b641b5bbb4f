import { assertSchemaVersion } from '@dailydoco/database';
import { ConsumerRunner, OutboxRelay } from '@dailydoco/events';
import { GrpcTransport } from '@dailydoco/grpc';
import { createHttpApp, purgeIdempotencyKeys } from '@dailydoco/http';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessConsumer } from './access/access.consumer.js';
import { AppModule } from './app.module.js';
import { migrationSources } from './migrations.js';
import { ManifestStore } from './releases/release.store.js';
import { sweepReleases } from './releases/sweep-releases.js';
import type { Runtime } from './runtime.js';

export interface Service {
  readonly app: NestFastifyApplication;
  readonly grpc: GrpcTransport;
}

/**
 * Puts the service together: edges, relay, consumers, sweep, each registered with the lifecycle, whose `start` and
 * `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, logger, lifecycle, pool, prisma, revocations, idempotency, storage } = runtime;
  const app = await createHttpApp({
    module: AppModule.with(runtime),
    logger,
    lifecycle,
    trustProxy: 'loopback',
    title: 'DailyDoco website-builder',
  });
  const grpc = new GrpcTransport({
    host: config.GRPC_HOST,
    port: config.GRPC_PORT,
    services: [SiteServiceService],
    authenticator: runtime.authenticator,
    lifecycle,
    logger,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: false });

  lifecycle.readinessCheck('database', async () => {
    await pool.query('SELECT 1');
  });
  lifecycle.readinessCheck('sites', () => storage.check());
  lifecycle.onStart('schema', () => assertSchemaVersion(pool, [...migrationSources]));
  lifecycle.onStart('sites', () => storage.check());
  lifecycle.onStart('revocations', () => revocations.start(lifecycle.heartbeat('revocations')));
  lifecycle.onStart('grpc', async () => {
    await app.startAllMicroservices();
  });
  lifecycle.onStart('http', async () => {
    await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  });
  purgeIdempotencyKeys({ store: idempotency, sql: pool, lifecycle, logger });
  lifecycle.onStop('stores', 'database', async () => {
    await revocations.stop();
    await prisma.$disconnect();
    await pool.end();
  });
  return { app, grpc };
}

/** The part that works on its own: relay, consumer, sweep. */
export function addBackground(runtime: Runtime): void {
  const { config, logger, lifecycle, pool, broker, revocations, apiKeys } = runtime;
  const relay = new OutboxRelay({ connectionString: config.DATABASE_URL, broker, logger, lifecycle });
  const consumers = [accessConsumer({ revocations, apiKeys })];
  const runner = new ConsumerRunner({ broker, pool, consumers, logger, lifecycle });
  lifecycle.onStart('relay', () => relay.start());
  lifecycle.onStart('consumers', () => runner.start());
  sweepRegularly(runtime);
}

function sweepRegularly({ config, logger, lifecycle, pool, storage, clock }: Runtime): void {
  const name = 'release-sweep';
  const sweep = async (): Promise<boolean> => {
    const before = new Date(clock.now().getTime() - config.SITES_SWEEP_AFTER_MS);
    const removed = await sweepReleases({ storage, known: new ManifestStore(pool) }, before);
    if (removed > 0) logger.info({ removed }, 'files that belong to no release were deleted');
    return false;
  };
  lifecycle.onStart(name, async () => {
    const signs = lifecycle.heartbeat(name, { maxSilenceMs: config.SITES_SWEEP_EVERY_MS + 600_000 });
    const onError = (err: unknown): void => logger.warn({ err, task: name }, 'a run failed; it will be tried again');
    const periodic = new PeriodicTask({ everyMs: config.SITES_SWEEP_EVERY_MS, run: sweep, onError, signs });
    lifecycle.onStop('consumers', name, () => periodic.stop());
    periodic.start();
  });
}
