import { defineConfig, type Environment } from '@dailydoco/config';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const address = z.string().min(3);
const whole = z.coerce.number().int();

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  HTTP_HOST: z.string().default('127.0.0.1').describe('Address that HTTP listens on.'),
  HTTP_PORT: port.default(8080).describe('Port that HTTP listens on; 0 takes a free one.'),
  GRPC_HOST: z.string().default('127.0.0.1').describe('Address that gRPC listens on.'),
  GRPC_PORT: port.default(9090).describe('Port that gRPC listens on; 0 takes a free one.'),
  TRUSTED_PROXIES: z
    .string()
    .min(1)
    .default('loopback')
    .transform((text) => text.split(',').map((proxy) => proxy.trim()))
    .describe(
      'Whose X-Forwarded headers are believed: addresses, networks (10.0.0.0/8), loopback or uniquelocal, separated by commas. Failed sign-ins are counted by the address found so.',
    ),
  DATABASE_URL: z.string().meta({ description: 'This service’s database, as its application role.', secret: true }),
  DATABASE_POOL_MAX: whole
    .min(4)
    .max(200)
    .default(12)
    .meta({ description: 'Most connections of one replica, the relay’s own aside.', unit: 'connections' }),
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((broker) => broker.trim()))
    .describe('Kafka brokers, host:port, separated by commas.'),
  REDIS_URL: z
    .string()
    .meta({ description: 'Redis, where failed sign-ins are counted for all replicas.', secret: true }),
  TOKEN_ISSUER: z.string().min(1).describe('Issuer that a person’s token names.'),
  TOKEN_AUDIENCE: z.string().min(1).default('dailydoco').describe('Audience that a person’s token names.'),
  INTERNAL_TOKEN_SECRET: z
    .string()
    .min(32)
    .meta({ description: 'Secret by which services of one installation know each other.', secret: true }),
  KEY_ENCRYPTION_SECRET: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .meta({
      description: 'Seals signing keys, persons’ keys and mails. Losing it loses them: keep a copy.',
      secret: true,
    }),
  SIGNING_KEY_ROTATION_DAYS: whole
    .min(1)
    .max(365)
    .default(90)
    .meta({ description: 'Age at which a signing key gets a successor.', unit: 'days' }),
  BOOTSTRAP_ADMIN_EMAIL: z.email().describe('Address of the first owner, made at the first boot.'),
  BOOTSTRAP_ADMIN_PASSWORD: z
    .string()
    .min(12)
    .max(256)
    .meta({ description: 'Password of the first owner; looked at once only.', secret: true }),
  MAIL_URL: z
    .string()
    .regex(/^(smtps?|file):\/\//, 'must begin with smtp://, smtps:// or file://')
    .meta({
      description: 'Where mails go: an SMTP server, or a folder that each mail is written to.',
      secret: true,
    }),
  MAIL_FROM: z.string().min(3).describe('Sender of mails, such as `Name <no-reply@example.com>`.'),
  LOGIN_ATTEMPTS_PER_ACCOUNT: whole
    .min(1)
    .max(1_000)
    .default(10)
    .meta({ description: 'Failed sign-ins of one account in the window.', unit: 'attempts' }),
  LOGIN_ATTEMPTS_PER_ADDRESS: whole
    .min(1)
    .max(100_000)
    .default(100)
    .meta({ description: 'Failed sign-ins from one address in the window.', unit: 'attempts' }),
  LOGIN_WINDOW_SECONDS: whole
    .min(1)
    .max(86_400)
    .default(900)
    .meta({ description: 'How long a failed sign-in counts.', unit: 's' }),
  PUBLIC_URL: z.url().describe('Base URL of the gateway, as browsers see it.'),
  IDENTITY_GRPC_ADDRESS: address.describe('gRPC address of identity itself, for the health page.'),
  VIRAL_ENGINE_GRPC_ADDRESS: address.describe('gRPC address of viral-engine, host:port.'),
  PAYOUTS_GRPC_ADDRESS: address.describe('gRPC address of payouts, host:port.'),
  ANALYTICS_GRPC_ADDRESS: address.describe('gRPC address of analytics, host:port.'),
  WEBSITE_BUILDER_GRPC_ADDRESS: address.describe('gRPC address of website-builder, host:port.'),
  AI_GATEWAY_GRPC_ADDRESS: address.describe('gRPC address of ai-gateway, host:port.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least level that is logged.'),
  SHUTDOWN_DELAY_MS: whole
    .min(0)
    .max(60_000)
    .default(5_000)
    .meta({ description: 'Pause between "not ready" and draining, for load balancers to notice.', unit: 'ms' }),
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
