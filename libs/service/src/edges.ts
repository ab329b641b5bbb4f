import type { Authenticator } from '@dailydoco/auth';
import { databaseMigrations, type MigrationSource, waitForSchema } from '@dailydoco/database';
import { GrpcTransport, type ServiceDefinition } from '@dailydoco/grpc';
import { createHttpApp, type HttpAppOptions, httpMigrations, purgeIdempotencyKeys } from '@dailydoco/http';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Basis } from './basis.js';
import { sheddersOf } from './limits.js';

/** A service's ways in. */
export interface Service {
  readonly app: NestFastifyApplication;
  readonly grpc: GrpcTransport;
}

/** The part of a runtime that the edges need. */
export type EdgesBasis = Basis & { readonly authenticator: Authenticator };

export interface EdgesOptions
  extends Omit<HttpAppOptions, 'logger' | 'lifecycle' | 'title' | 'shedder' | 'isReadOnly'> {
  /** The RPCs that are served, beside health. Default none. */
  readonly grpcServices?: readonly ServiceDefinition[];
  /**
   * What the database must have. Where keys of idempotency are among it, expired ones are deleted; where holds are, the
   * service is read-only while there is one.
   */
  readonly migrations: readonly MigrationSource[];
  /** What must be there before anybody is let in, by name: done one after the other, once the schema is as it should be. */
  readonly preparations?: Readonly<Record<string, () => Promise<void>>>;
  /** Lets go of what stands on the pool, or beside it, just before the pool ends. */
  readonly beforePoolEnds?: () => Promise<void>;
}

/** The title of a service's OpenAPI document. */
export const titleOf = (service: string): string => `DailyDoco ${service}`;

/**
 * The part that answers callers: HTTP, gRPC, and what they stand on, each registered with the lifecycle. Its `start`
 * then waits for the schema, prepares, loads the revocations and listens: HTTP, then gRPC. `X-Forwarded` headers are
 * believed of this machine unless `trustProxy` says otherwise.
 */
export async function buildEdges(basis: EdgesBasis, options: EdgesOptions): Promise<Service> {
  const { grpcServices = [], migrations, preparations = {}, beforePoolEnds, ...http } = options;
  const { config, logger, lifecycle, authenticator, pool, revocations } = basis;
  const title = titleOf(basis.service);
  const shedders = sheddersOf(config);
  const isReadOnly = (): boolean => basis.restoreHold.isHeld;
  const app = await createHttpApp({
    trustProxy: 'loopback',
    ...http,
    title,
    logger,
    lifecycle,
    shedder: shedders.http,
    isReadOnly,
  });
  const { GRPC_HOST: host, GRPC_PORT: port } = config;
  const grpc = new GrpcTransport({
    host,
    port,
    services: grpcServices,
    authenticator,
    lifecycle,
    logger,
    tls: basis.grpcTls,
    shedder: shedders.grpc,
    isReadOnly,
  });
  app.connectMicroservice({ strategy: grpc }, { inheritAppConfig: false });

  lifecycle.readinessCheck('database', async () => {
    await pool.query('SELECT 1');
  });
  lifecycle.onStart('schema', () =>
    waitForSchema({
      sql: pool,
      sources: migrations,
      signal: lifecycle.signal,
      onWait: (why) => logger.warn({ why }, 'waiting for the schema'),
    }),
  );
  if (migrations.includes(databaseMigrations)) {
    lifecycle.onStart('restore-hold', () => basis.restoreHold.start(lifecycle.heartbeat('restore-hold')));
  }
  for (const [name, prepare] of Object.entries(preparations)) lifecycle.onStart(name, prepare);
  lifecycle.onStart('revocations', () => revocations.start(lifecycle.heartbeat('revocations')));
  lifecycle.onStart('http', async () => {
    await app.listen(config.HTTP_PORT, config.HTTP_HOST);
  });
  // Last, because with it grpc.health.v1 says SERVING, and a cluster then sends requests to both ports.
  lifecycle.onStart('grpc', async () => {
    await app.startAllMicroservices();
  });
  if (migrations.includes(httpMigrations)) {
    purgeIdempotencyKeys({ store: basis.idempotency, sql: pool, lifecycle, logger });
  }
  lifecycle.onStop('stores', 'database', async () => {
    await revocations.stop();
    await basis.restoreHold.stop();
    await beforePoolEnds?.();
    await pool.end();
    shedders.close();
  });
  return { app, grpc };
}
