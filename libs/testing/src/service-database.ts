import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.js';

export interface ServiceDatabaseOptions {
  readonly service: string;
  /** Folders of migrations, `<name>/migration.sql` each, in the order in which `migrate` runs them. */
  readonly directories: readonly string[];
  readonly migrate: TestDatabaseOptions['migrate'];
  readonly postgresUrl?: TestDatabaseOptions['postgresUrl'];
}

/** A database with all tables of a service. Its template is made anew when a migration changes. */
export function createServiceDatabase(options: ServiceDatabaseOptions): Promise<TestDatabase> {
  const { service, directories, migrate, postgresUrl } = options;
  return createTestDatabase({ template: `${service}-${migrationsHash(directories)}`, migrate, postgresUrl });
}

function migrationsHash(directories: readonly string[]): string {
  const hash = createHash('sha256');
  for (const directory of directories) {
    for (const name of readdirSync(directory).toSorted()) {
      if (!name.includes('.')) hash.update(readFileSync(`${directory}/${name}/migration.sql`));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
