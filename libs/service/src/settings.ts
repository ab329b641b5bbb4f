import { z } from 'zod';
import { grpcTlsSettings } from './grpc-tls.js';
import { kafkaSettings } from './kafka.js';
import { limitSettings } from './limits.js';

const port = z.coerce.number().int().min(0).max(65_535);

/**
 * The settings that every service has, to be spread into its own schema: `z.object({ ...serviceSettings, OWN: … })`.
 * What a service wants otherwise (another default, another sentence) it writes after the spread.
 */
export const serviceSettings = {
  HTTP_HOST: z.string().default('127.0.0.1').describe('Address that HTTP listens on.'),
  HTTP_PORT: port.default(8080).describe('Port that HTTP listens on; 0 takes a free one.'),
  GRPC_HOST: z.string().default('127.0.0.1').describe('Address that gRPC listens on.'),
  GRPC_PORT: port.default(9090).describe('Port that gRPC listens on; 0 takes a free one.'),
  DATABASE_URL: z.string().meta({ description: 'This service’s database, as its application role.', secret: true }),
  DATABASE_POOL_MAX: databasePoolMax(16),
  ...limitSettings,
  ...grpcTlsSettings,
  ...kafkaSettings,
  TOKEN_ISSUER: z.string().min(1).describe('Issuer that a person’s token must name.'),
  TOKEN_AUDIENCE: z.string().min(1).default('dailydoco').describe('Audience that a person’s token must name.'),
  INTERNAL_TOKEN_SECRET: z
    .string()
    .min(32)
    .meta({ description: 'Secret by which services of one installation know each other.', secret: true }),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  SHUTDOWN_DELAY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(5_000)
    .meta({ description: 'Pause between "not ready" and draining, for load balancers to notice.', unit: 'ms' }),
};

/** Where identity says who a caller is: for every service but identity itself. */
export const identitySettings = {
  JWKS_URL: z.url().describe('Where identity publishes its public signing keys.'),
  IDENTITY_GRPC_ADDRESS: grpcAddressOf('identity'),
};

/** What the migration job needs, and nothing else: it runs before the service's own settings exist. */
export const migrationSettings = {
  DATABASE_OWNER_URL: z
    .string()
    .meta({ description: 'This service’s database, as the owner of its tables.', secret: true }),
  DATABASE_APP_ROLE: z
    .string()
    .min(1)
    .describe('Name of the application role, which is granted what the service needs.'),
};

/** What the job that makes the topics needs. */
export const topicsSettings = {
  ...kafkaSettings,
  TOPIC_REPLICATION_FACTOR: z.coerce.number().int().min(1).max(9).default(3).meta({
    description: 'Copies of each partition. One fewer must have a message before it counts as written (two of three).',
    unit: 'brokers',
  }),
};

/** Where a neighbour takes calls. */
export function grpcAddressOf(neighbour: string) {
  return z.string().min(3).describe(`gRPC address of ${neighbour}, host:port.`);
}

/** Most connections of one replica: a service of little work takes fewer than the usual 16. */
export function databasePoolMax(usual: number) {
  return z.coerce
    .number()
    .int()
    .min(4)
    .max(200)
    .default(usual)
    .meta({ description: 'Most connections of one replica, the relay’s own aside.', unit: 'connections' });
}

export type ServiceConfig = z.output<z.ZodObject<typeof serviceSettings>>;
export type IdentityConfig = z.output<z.ZodObject<typeof identitySettings>>;
export type MigrationConfig = z.output<z.ZodObject<typeof migrationSettings>>;

/** Enough for `serviceSettings` and `identitySettings` where nothing is ever connected to: when a document is printed. */
export const PLACEHOLDERS = {
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
  KAFKA_BROKERS: '127.0.0.1:1',
  JWKS_URL: 'http://127.0.0.1:1',
  TOKEN_ISSUER: 'none',
  INTERNAL_TOKEN_SECRET: 'nobody signs anything with this one',
  IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
  // Standard output is the document's.
  LOG_LEVEL: 'error',
};
