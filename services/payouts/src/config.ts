import { defineConfig, type Environment } from '@dailydoco/config';
import {
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
  statementTimeoutMs,
} from '@dailydoco/service';
import { z } from 'zod';
import { achSettings } from './rails/ach/ach-settings.adapter.js';
import { sepaSettings } from './rails/sepa/sepa-settings.adapter.js';

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  // Reconciliation sums whole tenants up.
  DATABASE_STATEMENT_TIMEOUT_MS: statementTimeoutMs(30_000),
  VIRAL_ENGINE_GRPC_ADDRESS: grpcAddressOf('viral-engine'),
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
