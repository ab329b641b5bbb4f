import { type MigrationSource, runMigrations } from '@dailydoco/database';
import { type OpenApiDocument, openApiFor } from '@dailydoco/http';
import { createLogger, shutdownTelemetry } from '@dailydoco/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Basis } from './basis.js';
import { titleOf } from './edges.js';
import type { MigrationConfig } from './settings.js';

/** `main.ts`: starts what was put together, stops it on SIGTERM or SIGINT, and says so when it is there for callers. */
export async function boot(
  { lifecycle, logger, config }: Pick<Basis, 'lifecycle' | 'logger' | 'config'>,
  greeting: string,
  details: object = {},
): Promise<void> {
  lifecycle.onStop('stores', 'telemetry', () => shutdownTelemetry());
  lifecycle.installSignalHandlers();
  await lifecycle.start();
  logger.info({ http: config.HTTP_PORT, grpc: config.GRPC_PORT, ...details }, greeting);
}

/** `migrate.ts`: brings the service's database up to date. */
export async function migrate({
  service,
  config,
  sources,
}: {
  service: string;
  config: MigrationConfig;
  sources: readonly MigrationSource[];
}): Promise<void> {
  const { applied } = await runMigrations({
    connectionString: config.DATABASE_OWNER_URL,
    appRole: config.DATABASE_APP_ROLE,
    sources: [...sources],
  });
  createLogger({ service: `${service}-migrate` }).info({ applied }, 'the database is up to date');
}

/** `openapi.ts`: prints the service's OpenAPI document and ends the process. Needs no store: nothing connects. */
export async function printOpenApi(
  { service }: Pick<Basis, 'service'>,
  app: NestFastifyApplication,
  options: { description?: string; amendDocument?: (document: OpenApiDocument) => OpenApiDocument } = {},
): Promise<never> {
  const { amendDocument = (document) => document, ...described } = options;
  await app.init();
  const document = amendDocument(openApiFor(app, { title: titleOf(service), ...described }));
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`, () => resolve());
  await promise;
  process.exit(0);
}
