import pg from 'pg';
import type { Secrets } from './secrets.js';
import { databaseName, SERVICES, type ServiceName } from './services.js';
import { StartError } from './start-error.js';

export type DatabaseUrls = Readonly<Record<ServiceName, { owner: string; app: string }>>;

/** Addresses given from outside (`DATABASE_URL_IDENTITY`, and `DATABASE_OWNER_URL_IDENTITY` where the owner differs). */
export function givenDatabaseUrls(env: NodeJS.ProcessEnv): DatabaseUrls | undefined {
  const entries = SERVICES.map((service) => {
    const suffix = databaseName(service).toUpperCase();
    const app = env[`DATABASE_URL_${suffix}`];
    return [
      service,
      app === undefined ? undefined : { app, owner: env[`DATABASE_OWNER_URL_${suffix}`] ?? app },
    ] as const;
  });
  const given = entries.filter(([, urls]) => urls !== undefined);
  if (given.length === 0) return undefined;
  const missing = entries
    .filter(([, urls]) => urls === undefined)
    .map(([service]) => `DATABASE_URL_${databaseName(service).toUpperCase()}`);
  if (missing.length > 0)
    throw new StartError('Some databases are given, and some are not.', {
      why: `missing: ${missing.join(', ')}`,
      todo: 'give a DATABASE_URL_* for every service, or for none',
    });
  return Object.fromEntries(entries) as DatabaseUrls;
}

/** A database per service with its two roles: the owner migrates, the app serves. Idempotent. */
export async function ensureDatabases(superuserUrl: string, secrets: Secrets): Promise<DatabaseUrls> {
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    const urls: Partial<Record<ServiceName, { owner: string; app: string }>> = {};
    for (const service of SERVICES) urls[service] = await ensureDatabase(client, superuserUrl, service, secrets);
    return urls as DatabaseUrls;
  } finally {
    await client.end();
  }
}

async function ensureDatabase(client: pg.Client, superuserUrl: string, service: ServiceName, secrets: Secrets) {
  const database = databaseName(service);
  const passwords = secrets.databasePasswords[service];
  if (passwords === undefined) throw new Error(`no database passwords for ${service}`);
  const roles = { owner: `${database}_owner`, app: `${database}_app` };
  await ensureRole(client, roles.owner, passwords.owner);
  await ensureRole(client, roles.app, passwords.app);
  const exists = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  if (exists.rowCount === 0)
    await client.query(
      `CREATE DATABASE ${client.escapeIdentifier(database)} OWNER ${client.escapeIdentifier(roles.owner)}`,
    );
  await client.query(`REVOKE ALL ON DATABASE ${client.escapeIdentifier(database)} FROM PUBLIC`);
  await client.query(
    `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(database)} TO ${client.escapeIdentifier(roles.app)}`,
  );
  return {
    owner: databaseUrl(superuserUrl, database, roles.owner, passwords.owner),
    app: databaseUrl(superuserUrl, database, roles.app, passwords.app),
  };
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const exists = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  const verb = exists.rowCount === 0 ? 'CREATE' : 'ALTER';
  await client.query(`${verb} ROLE ${client.escapeIdentifier(role)} LOGIN PASSWORD ${client.escapeLiteral(password)}`);
}

function databaseUrl(superuserUrl: string, database: string, role: string, password: string): string {
  const url = new URL(superuserUrl);
  url.username = role;
  url.password = password;
  url.pathname = `/${database}`;
  return url.href;
}
