import { fileURLToPath } from 'node:url';
import { authMigrations } from '@dailydoco/auth';
import { databaseMigrations, type MigrationSource } from '@dailydoco/database';
import { eventsMigrations } from '@dailydoco/events';
import { httpMigrations } from '@dailydoco/http';
import { webhooksMigrations } from '@dailydoco/webhooks';

/** Every migration that this service's database needs: its own and those of the libraries that keep tables in it. */
export const migrationSources: readonly MigrationSource[] = [
  authMigrations,
  databaseMigrations,
  eventsMigrations,
  httpMigrations,
  webhooksMigrations,
  { name: 'payouts', directory: fileURLToPath(new URL('../prisma/migrations', import.meta.url)) },
];
