import { defineConfig, type Environment } from '@dailydoco/config';
import {
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
  statementTimeoutMs,
} from '@dailydoco/service';
import { webhookSettings } from '@dailydoco/webhooks';
import { z } from 'zod';
import { achSettings } from './rails/ach/ach-settings.adapter.js';
import { sepaSettings } from './rails/sepa/sepa-settings.adapter.js';

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  ...webhookSettings,
  // Reconciliation sums whole tenants up.
  DATABASE_STATEMENT_TIMEOUT_MS: statementTimeoutMs(30_000),
  VIRAL_ENGINE_GRPC_ADDRESS: grpcAddressOf('viral-engine'),
  KEY_ENCRYPTION_SECRET: z
    .base64()
    .refine((text) => Buffer.from(text, 'base64').length === 32, 'must be 32 bytes in base64')
    .meta({
      description:
        'Seals what persons give to be paid: bank details, wallet addresses, tax numbers. Losing it loses them: they must be given again.',
      secret: true,
    }),
  PAYOUT_METHOD_HOLD_HOURS: z.coerce.number().int().min(0).max(720).default(48).meta({
    description: 'How long a change of payout method receives nothing, so that its person can object.',
    unit: 'hours',
  }),
  PAYOUT_CANCEL_WINDOW_MS: z.coerce.number().int().min(0).max(604_800_000).default(3_000).meta({
    description: 'How long a payout waits before it goes to the rail; until then it can be cancelled.',
    unit: 'ms',
  }),
  PAYOUT_WORK_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(60_000)
    .default(500)
    .meta({ description: 'Pause between looks for payouts that the rail is to be asked about.', unit: 'ms' }),
  PAYOUT_SCHEDULES_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(3_600_000)
    .default(60_000)
    .meta({ description: 'Pause between looks for payout schedules whose time has come.', unit: 'ms' }),
  PAYOUT_BATCH_AFTER_MS: z.coerce.number().int().min(0).max(86_400_000).default(3_600_000).meta({
    description: 'How long an approved payout waits at most for others to leave with it in one file.',
    unit: 'ms',
  }),
  RECONCILE_EVERY_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(86_400_000)
    .default(900_000)
    .meta({ description: 'Pause between two reconciliations of the ledger with viral-engine.', unit: 'ms' }),
  ...sepaSettings,
  ...achSettings,
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
