import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { getStores } from './stores.js';

export interface TestDatabaseOptions {
  /** Names the template. It must change when what `migrate` does changes: a hash of the migrations serves well. */
  readonly template: string;
  /** Migrates the empty template; called once per template and Postgres. */
  readonly migrate: (ownerUrl: string, appRole: string) => Promise<void>;
  /** The superuser's, of a server that the caller has started. Default: the server of this run's stores. */
  readonly postgresUrl?: string | undefined;
}

export interface TestDatabase {
  readonly ownerUrl: string;
  readonly appUrl: string;
  drop(): Promise<void>;
}

const PASSWORD = 'test';

/** A database of its own for a spec file, cloned from a template that is migrated once, with an owner and an app role. */
export async function createTestDatabase(options: TestDatabaseOptions): Promise<TestDatabase> {
  const postgresUrl = options.postgresUrl ?? (await getStores()).postgresUrl;
  const name = `tpl_${createHash('sha256').update(options.template).digest('hex').slice(0, 16)}`;
  const roles = { owner: `${name}_owner`, app: `${name}_app` };
  const urlOf = (database: string, role: string): string => {
    const url = new URL(postgresUrl);
    return Object.assign(url, { username: role, password: PASSWORD, pathname: `/${database}` }).href;
  };
  const copy = `test_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`;
  await asSuperuser(postgresUrl, async (client) => {
    // Spec files of other processes may want the same template at the same moment.
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 1))', [name]);
    await ensureTemplate(client, { name, roles, migrate: () => options.migrate(urlOf(name, roles.owner), roles.app) });
    await client.query(`CREATE DATABASE ${copy} TEMPLATE ${name} OWNER ${roles.owner}`);
  });
  return {
    ownerUrl: urlOf(copy, roles.owner),
    appUrl: urlOf(copy, roles.app),
    drop: () =>
      asSuperuser(
        postgresUrl,
        async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`)),
      ),
  };
}

interface Template {
  readonly name: string;
  readonly roles: { readonly owner: string; readonly app: string };
  readonly migrate: () => Promise<void>;
}

async function ensureTemplate(client: pg.Client, { name, roles, migrate }: Template): Promise<void> {
  const ready = await client.query(
    "SELECT 1 FROM pg_database WHERE datname = $1 AND shobj_description(oid, 'pg_database') = 'migrated'",
    [name],
  );
  if (ready.rowCount === 1) return;
  await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  for (const role of [roles.owner, roles.app]) {
    const exists = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
    if (exists.rowCount === 0) await client.query(`CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`);
  }
  await client.query(`CREATE DATABASE ${name} OWNER ${roles.owner}`);
  await migrate();
  // Marked last: a template whose migration was cut off is made anew.
  await client.query(`COMMENT ON DATABASE ${name} IS 'migrated'`);
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
