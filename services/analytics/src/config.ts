import { defineConfig, type Environment } from '@dailydoco/config';
import {
  databasePoolMax,
  grpcAddressOf,
  identitySettings,
  type MigrationConfig,
  migrationSettings,
  serviceSettings,
} from '@dailydoco/service';
import { z } from 'zod';

/** Every setting of this service. `describeConfig` turns this into the table of the docs. */
export const configSchema = z.object({
  ...serviceSettings,
  ...identitySettings,
  DATABASE_POOL_MAX: databasePoolMax(12).describe('Most connections of one replica, the lease’s own aside.'),
  WEBSITE_BUILDER_GRPC_ADDRESS: grpcAddressOf('website-builder'),
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

/** What the migration job needs. */
export const migrateConfigSchema = z.object(migrationSettings);

export function readMigrateConfig(env?: Environment): MigrationConfig {
  return defineConfig(migrateConfigSchema, env);
}
