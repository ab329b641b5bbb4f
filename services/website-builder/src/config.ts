import { defineConfig, type Environment } from '@dailydoco/config';
import {
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
} from '@dailydoco/service';
import { z } from 'zod';

const MINUTE_MS = 60_000;

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  PUBLIC_URL: z.url().describe('Base URL of the gateway, as browsers see it: addresses of sites begin with it.'),
  VIRAL_ENGINE_GRPC_ADDRESS: grpcAddressOf('viral-engine'),
  SITES_DIR: z
    .string()
    .min(1)
    .describe('Folder of the releases; all replicas see the same one, and nothing else writes in it.'),
  SITES_SWEEP_EVERY_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(24 * 60 * MINUTE_MS)
    .default(10 * MINUTE_MS)
    .meta({ description: 'Pause between looks for files that crashes left behind.', unit: 'ms' }),
  SITES_SWEEP_AFTER_MS: z.coerce
    .number()
    .int()
    .min(10 * MINUTE_MS)
    .max(30 * 24 * 60 * MINUTE_MS)
    .default(60 * MINUTE_MS)
    .meta({ description: 'Age from which files that belong to no release are deleted.', unit: 'ms' }),
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
