// `node dist/migrate.js`: brings the database up to date and exits. A job of its own; the service never migrates.
import { migrate } from '@dailydoco/service';
import { readMigrateConfig } from './config.js';
import { migrationSources } from './migrations.js';

await migrate({ service: 'payouts', config: readMigrateConfig(), sources: migrationSources });
