import { fileURLToPath } from 'node:url';
import type { MigrationSource } from '@dailydoco/database';

/** The tables of this library; every service that answers POSTs merges them into its own migrations. */
export const httpMigrations: MigrationSource = {
  name: 'http',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
};
