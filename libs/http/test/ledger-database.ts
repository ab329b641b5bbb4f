import { createPool, runMigrations } from '@dailydoco/database';
import { createTestDatabase } from '@dailydoco/testing';
import { httpMigrations } from '../src/index.js';

type Pool = ReturnType<typeof createPool>;

export interface TestDatabase {
  /** As the service's own role. */
  app: Pool;
  /** As the role that owns the tables. */
  owner: Pool;
  drop(): Promise<void>;
}

/** A database with this library's tables and one table that work can write to. */
export async function openDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({
    template: 'http-idempotency-1',
    migrate: async (ownerUrl: string, appRole: string) => {
      await runMigrations({ connectionString: ownerUrl, appRole, sources: [httpMigrations] });
      const owner = poolOf(ownerUrl, 1);
      await owner.query('CREATE TABLE work_done (name text NOT NULL)');
      await owner.query(`GRANT SELECT, INSERT ON work_done TO "${appRole}"`);
      await owner.end();
    },
  });
  const app = poolOf(database.appUrl, 20);
  const owner = poolOf(database.ownerUrl, 2);
  return {
    app,
    owner,
    drop: async () => {
      await app.end();
      await owner.end();
      await database.drop();
    },
  };
}

function poolOf(connectionString: string, max: number): Pool {
  return createPool({ connectionString, max, applicationName: 'http-tests', statementTimeoutMs: 30_000 });
}

/** How often work of this name was done and committed. */
export async function timesDone(pool: Pool, name: string): Promise<number> {
  const { rows } = await pool.query<{ times: number }>(
    'SELECT count(*)::integer AS times FROM work_done WHERE name = $1',
    [name],
  );
  return rows[0]?.times ?? 0;
}
