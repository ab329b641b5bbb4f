import { fileURLToPath } from 'node:url';
import type { MigrationSource } from '@dailydoco/database';

/** The tables of this library, in the schema `webhooks`: a service that tells others merges them into its own. */
export const webhooksMigrations: MigrationSource = {
  name: 'webhooks',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
};
