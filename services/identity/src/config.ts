import { defineConfig, type Environment } from '@dailydoco/config';
import {
  databasePoolMax,
  grpcAddressOf,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
} from '@dailydoco/service';
import { z } from 'zod';

const whole = z.coerce.number().int();

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  DATABASE_POOL_MAX: databasePoolMax(12),
  TRUSTED_PROXIES: z
    .string()
    .min(1)
    .default('loopback')
    .transform((text) => text.split(',').map((proxy) => proxy.trim()))
    .describe(
      'Whose X-Forwarded headers are believed: addresses, networks (10.0.0.0/8), loopback or uniquelocal, separated by commas. Failed sign-ins are counted by the address found so.',
    ),
  REDIS_URL: z
    .string()
    .meta({ description: 'Redis, where failed sign-ins are counted for all replicas.', secret: true }),
  TOKEN_ISSUER: serviceSettings.TOKEN_ISSUER.describe('Issuer that a person’s token names.'),
  TOKEN_AUDIENCE: serviceSettings.TOKEN_AUDIENCE.describe('Audience that a person’s token names.'),
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
  IDENTITY_GRPC_ADDRESS: grpcAddressOf('identity').describe('gRPC address of identity itself, for the health page.'),
  VIRAL_ENGINE_GRPC_ADDRESS: grpcAddressOf('viral-engine'),
  PAYOUTS_GRPC_ADDRESS: grpcAddressOf('payouts'),
  ANALYTICS_GRPC_ADDRESS: grpcAddressOf('analytics'),
  WEBSITE_BUILDER_GRPC_ADDRESS: grpcAddressOf('website-builder'),
  AI_GATEWAY_GRPC_ADDRESS: grpcAddressOf('ai-gateway'),
});

export type Config = z.output<typeof configSchema>;

/** Reads the settings once, at boot; throws ConfigError naming the keys that are wrong, never their values. */
export function readConfig(env?: Environment): Config {
  return defineConfig(configSchema, env);
}

/** What the migration job needs. */
export const migrateConfigSchema = z.object(migrationSettings);

export function readMigrateConfig(env?: Environment): MigrationConfig {
  return defineConfig(migrateConfigSchema, env);
}
