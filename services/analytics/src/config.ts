import { defineConfig, type Environment } from '@dailydoco/config';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const address = z.string().min(3);

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  HTTP_HOST: z.string().default('127.0.0.1').describe('Address that HTTP listens on.'),
  HTTP_PORT: port.default(8080).describe('Port that HTTP listens on; 0 takes a free one.'),
  GRPC_HOST: z.string().default('127.0.0.1').describe('Address that gRPC listens on.'),
  GRPC_PORT: port.default(9090).describe('Port that gRPC listens on; 0 takes a free one.'),
  DATABASE_URL: z.string().meta({ description: 'This service’s database, as its application role.', secret: true }),
  DATABASE_POOL_MAX: z.coerce
    .number()
    .int()
    .min(4)
    .max(200)
    .default(12)
    .meta({ description: 'Most connections of one replica, the lease’s own aside.', unit: 'connections' }),
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .describe('Kafka brokers, host:port, separated by commas.'),
  JWKS_URL: z.url().describe('Where identity publishes its public signing keys.'),
  TOKEN_ISSUER: z.string().min(1).describe('Issuer that a person’s token must name.'),
  TOKEN_AUDIENCE: z.string().min(1).default('dailydoco').describe('Audience that a person’s token must name.'),
  INTERNAL_TOKEN_SECRET: z
    .string()
    .min(32)
    .meta({ description: 'Secret by which services of one installation know each other.', secret: true }),
  IDENTITY_GRPC_ADDRESS: address.describe('gRPC address of identity, host:port.'),
  WEBSITE_BUILDER_GRPC_ADDRESS: address.describe('gRPC address of website-builder, host:port.'),
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
  EVENT_RETENTION_DAYS: z.coerce.number().int().min(31).max(3_650).default(400).meta({
    description: 'How long events are kept, by their own time; older ones are refused. Metrics outlive them.',
    unit: 'days',
  }),
  EVENT_QUEUE_MAX: z.coerce.number().int().min(1).max(10_000).default(200).meta({
    description: 'Most requests with events waiting to be written; past it callers get 503.',
    unit: 'requests',
  }),
  UPKEEP_EVERY_MS: z.coerce.number().int().min(50).max(30_000).default(15_000).meta({
    description: 'Pause between rounds that make partitions ahead, drop old ones and forget old event ids.',
    unit: 'ms',
  }),
});

export type Config = z.output<typeof configSchema>;

/** Reads the settings once, at boot; throws ConfigError naming the keys that are wrong, never their values. */
export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}

/** What the migration job needs, and nothing else: it runs before the service's own settings exist. */
export const migrateConfigSchema = z.object({
  DATABASE_OWNER_URL: z
    .string()
    .meta({ description: 'This service’s database, as the owner of its tables.', secret: true }),
  DATABASE_APP_ROLE: z
    .string()
    .min(1)
    .describe('Name of the application role, which is granted what the service needs.'),
});

export function readMigrateConfig(env?: Environment): z.output<typeof migrateConfigSchema> {
  return defineConfig(migrateConfigSchema, env);
}
