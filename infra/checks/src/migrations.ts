import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  loadSecrets,
  repositoryRoot,
  SERVICES,
  ensureDatabases,
  databaseName,
  type ServiceName,
} from '@dailydoco/local';
import pg from 'pg';
import { startPostgres } from '@dailydoco/stores';
import { run } from './run.js';
import { ddlOfSchema, schemaDrift } from './schema-drift.js';

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
      const schemaUrl = await databaseOfSchema(postgres.url, service, join(cwd, 'prisma'));
      const drift = await schemaDrift({ migratedUrl: urls[service].owner, schemaUrl });
      if (drift !== '')
        problems.push(`services/${service}: prisma/schema.prisma (-) and the migrated database (+) differ:\n${drift}`);
    }
    return problems;
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A second, empty database with just what the Prisma schema says. */
async function databaseOfSchema(superuserUrl: string, service: ServiceName, schemaFolder: string): Promise<string> {
  const name = `${databaseName(service)}_schema`;
  const url = Object.assign(new URL(superuserUrl), { pathname: `/${name}` }).href;
  const ddl = await ddlOfSchema(schemaFolder, superuserUrl);
  await withClient(superuserUrl, `CREATE DATABASE ${name}`);
  await withClient(url, ddl);
  return url;
}

async function withClient(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
