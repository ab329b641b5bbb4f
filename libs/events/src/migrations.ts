import { fileURLToPath } from 'node:url';
import type { MigrationSource } from '@dailydoco/database';

/** The tables of this library, in the schema `messaging`: a service that publishes or consumes merges them into its own. */
export const eventsMigrations: MigrationSource = {
  name: 'events',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
};
