import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import type { Sql } from './sql.js';

/** A folder of migrations, each `<timestamp>_<verb_noun>/migration.sql`. A library brings its own; a service merges them. */
export interface MigrationSource {
  readonly name: string;
  readonly directory: string;
}

export interface RunMigrationsOptions {
  /** The owner role's. */
  readonly connectionString: string;
  /** The role that the migrations grant to: `current_setting('dailydoco.app_role')` inside them. */
  readonly appRole: string;
  readonly sources: readonly MigrationSource[];
  readonly log?: (text: string) => void;
  /** How long to wait for a database that is not up yet. Default 30,000. */
  readonly connectTimeoutMs?: number;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hexadecimal: Prisma's own. */
  readonly checksum: string;
}

interface AppliedRow {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
}

const LOCK_KEY = 'dailydoco.migrations';
const CONNECT_TIMEOUT_MS = 30_000;
const SCHEMA_TIMEOUT_MS = 600_000;
const SCHEMA_TELL_MS = 10_000;
const SCHEMA_POLL_MS = 500;

// Prisma's table, column by column, so that its tools read the same history.
const HISTORY_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
  logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`;

/** The history and the files on disk do not fit together; nothing was applied. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationError';
  }
}

/** All migrations of the sources in the order of their timestamps. */
export function readMigrations(sources: readonly MigrationSource[]): Migration[] {
  const found = sources.flatMap(({ directory }) =>
    readdirSync(directory)
      .filter((name) => existsSync(join(directory, name, 'migration.sql')))
      .map((name) => {
        const bytes = readFileSync(join(directory, name, 'migration.sql'));
        return { name, sql: bytes.toString('utf8'), checksum: createHash('sha256').update(bytes).digest('hex') };
      }),
  );
  const sorted = found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const twice = sorted.find(({ name }, index) => sorted[index + 1]?.name === name);
  if (twice !== undefined) throw new MigrationError(`two migrations are named ${twice.name}`);
  return sorted;
}

/**
 * Brings a database up to date: each migration in one database transaction, sent whole, under a session advisory lock, so that
 * two jobs at once apply each once. Throws MigrationError when an applied migration was edited or is missing on disk.
 */
export async function runMigrations(options: RunMigrationsOptions): Promise<{ applied: string[] }> {
  const migrations = readMigrations(options.sources);
  const client = await connect(options.connectionString, options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS);
  try {
    await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [LOCK_KEY]);
    await client.query(HISTORY_TABLE);
    // The service itself reads the history, to wait for the schema that it needs.
    await client.query(`GRANT SELECT ON _prisma_migrations TO ${client.escapeIdentifier(options.appRole)}`);
    await client.query("SELECT set_config('dailydoco.app_role', $1, false)", [options.appRole]);
    const pending = await pendingMigrations(client, migrations);
    for (const migration of pending) {
      options.log?.(`applying ${migration.name}`);
      await apply(client, migration);
    }
    return { applied: pending.map(({ name }) => name) };
  } finally {
    await client.end();
  }
}

async function connect(connectionString: string, timeoutMs: number): Promise<pg.Client> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const client = new pg.Client({ connectionString, application_name: 'migrations' });
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.end().catch(() => undefined);
      if (Date.now() > deadline) throw error;
      await wait(250);
    }
  }
}

async function pendingMigrations(client: pg.Client, migrations: readonly Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<AppliedRow>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const onDisk = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    const file = onDisk.get(row.migration_name);
    if (row.finished_at === null)
      throw new MigrationError(
        `${row.migration_name} has failed before; repair the database, then mark it rolled back`,
      );
    if (file === undefined) throw new MigrationError(`${row.migration_name} was applied, but its file is missing`);
    if (file.checksum !== row.checksum)
      throw new MigrationError(`${row.migration_name} was edited after it had been applied; write a new migration`);
  }
  const applied = new Set(rows.map((row) => row.migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query(migration.sql);
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, clock_timestamp(), 1)',
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new MigrationError(
      `${migration.name} failed and was undone: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** The names of migrations that the database still lacks. One that was never migrated lacks all. */
async function missingMigrations(sql: Sql, sources: readonly MigrationSource[]): Promise<string[]> {
  const { rows } = await sql.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  const applied = new Set(rows.map((row) => row.migration_name));
  return readMigrations(sources)
    .filter(({ name }) => !applied.has(name))
    .map(({ name }) => name);
}

export interface WaitForSchemaOptions {
  readonly sql: Sql;
  readonly sources: readonly MigrationSource[];
  /** Ends the wait, without an error: the service is being stopped. */
  readonly signal?: AbortSignal;
  /** Told at once, and then every ten seconds, what is waited for. */
  readonly onWait?: (why: string) => void;
  /** Past it the wait is given up. Default 600,000. */
  readonly timeoutMs?: number;
}

/**
 * For a service before it serves: resolves once the database has every migration that the service needs. Database,
 * migration job and service start in any order, so an absent database or schema is waited for, and never migrated.
 * Throws MigrationError, saying what is missing, after `timeoutMs`.
 */
export async function waitForSchema(options: WaitForSchemaOptions): Promise<void> {
  const { sql, sources, signal, onWait = () => undefined, timeoutMs = SCHEMA_TIMEOUT_MS } = options;
  const startedAt = performance.now();
  let toldAt = -Infinity;
  while (signal?.aborted !== true) {
    const why = await lacking(sql, sources);
    if (why === undefined) return;
    const now = performance.now();
    if (now - startedAt >= timeoutMs) throw new MigrationError(`${why}; has the migration job run?`);
    if (now - toldAt >= SCHEMA_TELL_MS) {
      onWait(why);
      toldAt = now;
    }
    await wait(SCHEMA_POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** What an error says, and what those beneath it say: a breaker's refusal alone does not tell what is wrong. */
function causesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  const beneath = error.cause === undefined ? [] : causesOf(error.cause);
  return [error.message, ...beneath.filter((said) => !error.message.includes(said))];
}

/** Why the service cannot serve yet; undefined when it can. */
async function lacking(sql: Sql, sources: readonly MigrationSource[]): Promise<string | undefined> {
  try {
    const missing = await missingMigrations(sql, sources);
    return missing.length === 0 ? undefined : `the database lacks migrations: ${missing.join(', ')}`;
  } catch (error) {
    return `the database cannot be asked for its schema: ${causesOf(error).join(': ')}`;
  }
}
