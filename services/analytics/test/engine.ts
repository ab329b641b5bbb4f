import { createPool, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { createServiceDatabase, fakeClock, type TestDatabase } from '@dailydoco/testing';
import type { ChargebackWin, Fact } from '../src/facts/fact.js';
import { FactStore } from '../src/facts/fact.store.js';
import { asTenantId, type TenantId } from '../src/ids.js';
import { migrationSources } from '../src/migrations.js';

export const START = new Date('2026-06-01T12:30:00.000Z');
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** A moment so long after START. */
export const later = (ms: number): Date => new Date(START.getTime() + ms);

/** A database of this service with all its tables, for one spec file. */
function migratedDatabase(): Promise<TestDatabase> {
  return createServiceDatabase({
    service: 'analytics',
    directories: migrationSources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
    },
  });
}

/** What specs work with: the real database, and a clock in their hands. */
export class Engine {
  readonly clock = fakeClock(START);
  readonly newId = newId;
  readonly pool: ReturnType<typeof createPool>;
  readonly #database: TestDatabase;

  constructor(database: TestDatabase) {
    this.#database = database;
    this.pool = this.poolOf(database.appUrl);
  }

  poolOf(connectionString: string): ReturnType<typeof createPool> {
    return createPool({ connectionString, max: 12, applicationName: 'spec', statementTimeoutMs: 20_000 });
  }

  get appUrl(): string {
    return this.#database.appUrl;
  }

  get ownerUrl(): string {
    return this.#database.ownerUrl;
  }

  newTenant(): TenantId {
    return asTenantId(newId());
  }

  /** Adds facts as a consumer does: in one database transaction. */
  addFacts(facts: readonly Fact[], wins: readonly ChargebackWin[] = []): Promise<void> {
    return inDatabaseTransaction(this.pool, (tx) => new FactStore(tx).add(facts, wins));
  }

  /** The days that have a partition. */
  async partitions(): Promise<string[]> {
    const { rows } = await this.pool.query<{ name: string }>(
      `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
       WHERE i.inhparent = 'event'::regclass ORDER BY 1`,
    );
    return rows.map(({ name }) => name.replace(/^event_(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3'));
  }

  async countEvents(tenantId: TenantId): Promise<number> {
    const { rows } = await this.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM event WHERE tenant_id = $1', [
      tenantId,
    ]);
    return rows[0]?.n ?? -1;
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.#database.drop();
  }
}

export async function startEngine(): Promise<Engine> {
  return new Engine(await migratedDatabase());
}

/** Hours whose sums differ from a recount of the facts, in either direction. Empty when all is well. */
export async function wrongHours({ pool }: Pick<Engine, 'pool'>): Promise<unknown[]> {
  const { rows } = await pool.query(
    `WITH recount AS (
       SELECT tenant_id, date_trunc('hour', at, 'UTC') AS hour, kind, currency, count(*) AS facts,
         sum(micros)::numeric(38, 0) AS micros
       FROM metric_fact GROUP BY 1, 2, 3, 4
     )
     (TABLE metric_hour EXCEPT TABLE recount) UNION ALL (TABLE recount EXCEPT TABLE metric_hour)`,
  );
  return rows;
}
