// `node dist/migrate.js`: brings the database up to date and exits. A job of its own; the service never migrates.
import { runMigrations } from '@dailydoco/database';
import { createLogger } from '@dailydoco/telemetry';
import { readMigrateConfig } from './config.js';
import { migrationSources } from './migrations.js';

const config = readMigrateConfig();
const logger = createLogger({ service: 'analytics-migrate' });
const { applied } = await runMigrations({
  connectionString: config.DATABASE_OWNER_URL,
  appRole: config.DATABASE_APP_ROLE,
  sources: [...migrationSources],
});
logger.info({ applied }, 'the database is up to date');
