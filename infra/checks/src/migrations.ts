import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { loadSecrets, repositoryRoot, SERVICES, ensureDatabases, databaseName } from '@dailydoco/local';
import { startPostgres } from '@dailydoco/stores';
import { run } from './run.js';
import { schemaDrift } from './schema-drift.js';

/** Migrates a fresh database per service with the service's own program, then compares it with its Prisma schema. */
export async function migrationsEqualSchemas(): Promise<string[]> {
  const folder = mkdtempSync(join(repositoryRoot, '.local', 'check-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false });
  try {
    const secrets = loadSecrets(join(folder, 'secrets.json'), SERVICES);
    const urls = await ensureDatabases(postgres.url, secrets);
    const problems: string[] = [];
    for (const service of SERVICES.filter((name) => existsSync(join(repositoryRoot, 'services', name)))) {
      const cwd = join(repositoryRoot, 'services', service);
      const env = {
        DATABASE_OWNER_URL: urls[service].owner,
        DATABASE_URL: urls[service].app,
        DATABASE_APP_ROLE: `${databaseName(service)}_app`,
      };
      const { code, output } = await run('node', ['--enable-source-maps', 'dist/migrate.js'], { cwd, env });
      if (code !== 0) {
        problems.push(`services/${service}: the migrations fail:\n${output}`);
        continue;
      }
      const drift = await schemaDrift({ databaseUrl: urls[service].owner, schemaFolder: join(cwd, 'prisma') });
      if (drift !== '')
        problems.push(
          `services/${service}: to be what prisma/schema.prisma says, the migrated database would need:\n${drift}`,
        );
    }
    return problems;
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
