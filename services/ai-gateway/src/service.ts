import { assertSchemaVersion } from '@dailydoco/database';
import { ConsumerRunner, OutboxRelay } from '@dailydoco/events';
import { GrpcTransport } from '@dailydoco/grpc';
import { createHttpApp } from '@dailydoco/http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { accessConsumer } from './access/access.consumer.js';
import { AppModule } from './app.module.js';
import { keepBodyTexts } from './completions/body-text.http.js';
import { migrationSources } from './migrations.js';
import { describeOpenAiConventions, openAiErrors } from './openai/api-document.http.js';
import type { Runtime } from './runtime.js';

export interface Service {
  readonly app: NestFastifyApplication;
  readonly grpc: GrpcTransport;
}

/** Largest body of a request: 1 MiB, as everywhere in the public API. */
const BODY_LIMIT_BYTES = 1_048_576;

/**
 * Puts the service together: edges, relay, consumers, each registered with the lifecycle, whose `start` and `shutdown`
 * do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, logger, lifecycle, pool, revocations, inFlight } = runtime;
  const app = await createHttpApp({
    module: AppModule.with(runtime),
    logger,
    lifecycle,
    trustProxy: 'loopback',
    title: 'DailyDoco ai-gateway',
    errorBody: openAiErrors,
    amendDocument: describeOpenAiConventions,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    plugins: (fastify) => keepBodyTexts(fastify, { limitBytes: BODY_LIMIT_BYTES }),
  });
  // No RPC of its own: health only.
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
  lifecycle.onStop('drain', 'completions', () => inFlight.drain(config.COMPLETION_DRAIN_MS));
  lifecycle.onStop('stores', 'database', async () => {
    await revocations.stop();
    await pool.end();
  });
  return { app, grpc };
}

/** The part that works on its own: relay and consumers. */
export function addBackground(runtime: Runtime): void {
  const { config, logger, lifecycle, pool, broker, revocations, apiKeys } = runtime;
  const relay = new OutboxRelay({ connectionString: config.DATABASE_URL, broker, logger, lifecycle });
  const consumers = [accessConsumer({ revocations, apiKeys })];
  const runner = new ConsumerRunner({ broker, pool, consumers, logger, lifecycle });
  lifecycle.onStart('relay', () => relay.start());
  lifecycle.onStart('consumers', () => runner.start());
}
