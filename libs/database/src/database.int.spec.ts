import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DomainError } from '@dailydoco/errors';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { barrier, createTestDatabase, eventually, type TestDatabase } from '@dailydoco/testing';
import type { Pool } from 'pg';
import { inDatabaseTransaction } from './database-transaction.js';
import { Lease } from './lease.js';
import { runMigrations, waitForSchema, type WaitForSchemaOptions } from './migrations.js';
import { createPool } from './pool.js';
import { prepared } from './prepared.js';
import type { Sql } from './sql.js';

let folder: string;
let database: TestDatabase;
let pool: Pool;

function migration(name: string, sql: string): void {
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'migration.sql'), sql);
}

const sources = () => [{ name: 'test', directory: folder }];
const migrate = (role = appRole()) =>
  runMigrations({ connectionString: database.ownerUrl, appRole: role, sources: sources() });
const schema = (options: Partial<WaitForSchemaOptions> = {}) =>
  waitForSchema({ sql: { query: async (text) => pool.query(text) as never }, sources: sources(), ...options });
const appRole = (): string => new URL(database.appUrl).username;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'migrations-'));
  database = await createTestDatabase({ template: 'database-lib', migrate: () => Promise.resolve() });
  pool = createPool({
    connectionString: database.appUrl,
    max: 8,
    applicationName: 'database-spec',
    statementTimeoutMs: 10_000,
  });
  migration(
    '20260101000000_create_counter',
    `CREATE TABLE counter (name text PRIMARY KEY, value bigint NOT NULL);
     CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append only'; END $$;
     CREATE TRIGGER no_delete BEFORE DELETE ON counter EXECUTE FUNCTION refuse();
     DO $$ BEGIN EXECUTE format('GRANT SELECT, INSERT, UPDATE ON counter TO %I', current_setting('dailydoco.app_role')); END $$;`,
  );
});

afterAll(async () => {
  await pool.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a prepared statement', () => {
  const ADD = prepared('SELECT $1::int + 1 AS sum');

  it('is planned once for each connection, in a database transaction and outside of one; others are not kept', async () => {
    const own = createPool({
      connectionString: database.appUrl,
      max: 1,
      applicationName: 'database-spec',
      statementTimeoutMs: 10_000,
    });
    const sums = [
      (await own.query<{ sum: number }>(ADD, [1])).rows,
      (await own.query<{ sum: number }>(ADD, [2])).rows,
      (await inDatabaseTransaction(own, (tx) => tx.query<{ sum: number }>(ADD, [3]))).rows,
    ];
    expect(sums.flat().map(({ sum }) => sum)).toEqual([2, 3, 4]);
    await own.query('SELECT $1::int AS other', [1]);
    const { rows } = await own.query('SELECT statement FROM pg_prepared_statements');
    expect(rows).toEqual([{ statement: ADD }]);
    await own.end();
  });
});

describe('the plan of a prepared statement', () => {
  const FIND = prepared('SELECT t.id FROM grown JOIN unnest($1::bigint[]) AS t (id) ON t.id = grown.id');

  it('is made anew before it is much older than the rows, without anybody analyzing the table again', async () => {
    const own = createPool({
      connectionString: database.ownerUrl,
      max: 1,
      applicationName: 'database-spec',
      statementTimeoutMs: 10_000,
    });
    await own.query('CREATE TABLE grown (id bigint PRIMARY KEY) WITH (autovacuum_enabled = false)');
    await own.query('INSERT INTO grown VALUES (1)');
    await own.query('ANALYZE grown');
    const find = async (times: number) => {
      for (let time = 0; time < times; time += 1) await own.query(FIND, [Array.from({ length: 50 }, (_, i) => i)]);
    };
    const plan = async (): Promise<string> => {
      const { rows } = await own.query<{ name: string }>(
        "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%grown%'",
      );
      const explained = await own.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE ${rows[0]?.name}('{1}')`);
      return explained.rows.map((row) => row['QUERY PLAN']).join('\n');
    };
    await find(20);
    const small = await plan();
    await own.query('INSERT INTO grown SELECT generate_series(2, 50000)');
    const grown = await plan();
    await find(100);
    expect([small, grown, await plan()]).toEqual([
      expect.stringContaining('Seq Scan on grown'),
      expect.stringContaining('Seq Scan on grown'),
      expect.stringContaining('Index Only Scan using grown_pkey'),
    ]);
    await own.end();
  });
});

describe('a prepared statement whose result a migration changed', () => {
  const READ = prepared('SELECT amount FROM stale_plan_amount');

  it('is run once more on another connection, and nobody notices', async () => {
    const owner = createPool({
      connectionString: database.ownerUrl,
      max: 1,
      applicationName: 'database-spec',
      statementTimeoutMs: 10_000,
    });
    const own = createPool({
      connectionString: database.ownerUrl,
      max: 1,
      applicationName: 'database-spec',
      statementTimeoutMs: 10_000,
    });
    await owner.query('CREATE TABLE stale_plan_amount AS SELECT 7::int AS amount');
    const read = () =>
      inDatabaseTransaction(own, async (tx) => {
        const { rows } = await tx.query<{ amount: unknown; pid: number }>('SELECT pg_backend_pid() AS pid');
        return { pid: rows[0]?.pid, amount: (await tx.query<{ amount: unknown }>(READ)).rows[0]?.amount };
      });
    const before = await read();
    await owner.query('ALTER TABLE stale_plan_amount ALTER COLUMN amount TYPE bigint');
    const after = await read();
    expect([before.amount, after.amount]).toEqual([7, 7n]);
    expect(after.pid).not.toBe(before.pid);
    await own.end();
    await owner.end();
  });
});

describe('migrations', () => {
  it('are applied once, also by two jobs at the same moment, and grant to the app role', async () => {
    const both = await Promise.all([migrate(), migrate()]);
    expect(both.flatMap(({ applied }) => applied)).toEqual(['20260101000000_create_counter']);
    await pool.query("INSERT INTO counter VALUES ('a', 9007199254740993)");
    const { rows } = await pool.query("SELECT value FROM counter WHERE name = 'a'");
    expect(rows).toEqual([{ value: 9007199254740993n }]);
    await expect(pool.query('TRUNCATE counter')).rejects.toThrow('permission denied');
  });

  it('leave nothing of one that fails, and go on after it is mended', async () => {
    migration('20260102000000_add_wrong', 'CREATE TABLE half (id int); SELECT nonsense;');
    await expect(migrate()).rejects.toThrow('20260102000000_add_wrong failed and was undone');
    await expect(schema({ timeoutMs: 0 })).rejects.toThrow('lacks migrations: 20260102000000_add_wrong');
    migration('20260102000000_add_wrong', 'CREATE TABLE half (id int);');
    expect(await migrate()).toEqual({ applied: ['20260102000000_add_wrong'] });
    await expect(schema()).resolves.toBeUndefined();
  });

  it('are waited for: the service goes on once the job has run', async () => {
    migration('20260103000000_add_late', 'CREATE TABLE late (id int);');
    const told: string[] = [];
    const waited = schema({ onWait: (why) => told.push(why) });
    await eventually(() => expect(told).toEqual(['the database lacks migrations: 20260103000000_add_late']));
    await migrate();
    await expect(waited).resolves.toBeUndefined();
  });

  it('are waited for while the database is away, until the service is stopped', async () => {
    const stopped = new AbortController();
    const away = createPool({
      connectionString: 'postgres://nobody@127.0.0.1:1/none',
      max: 1,
      applicationName: 'database-spec',
      statementTimeoutMs: 1_000,
    });
    const told: string[] = [];
    const options = { signal: stopped.signal, onWait: (why: string) => told.push(why) };
    const waited = waitForSchema({
      sql: { query: async (text) => away.query(text) as never },
      sources: sources(),
      ...options,
    });
    await eventually(() => expect(told[0]).toContain('ECONNREFUSED'));
    stopped.abort();
    await expect(waited).resolves.toBeUndefined();
    await away.end();
  });

  it('are waited for with all that the failure says, down to its cause', async () => {
    const cause = new Error('the breaker of postgres is open', { cause: new Error('connect ECONNREFUSED') });
    const refused = new DomainError('UNAVAILABLE', { detail: 'cannot be reached', cause });
    const waited = waitForSchema({ sql: { query: () => Promise.reject(refused) }, sources: sources(), timeoutMs: 0 });
    await expect(waited).rejects.toThrow('cannot be reached: the breaker of postgres is open: connect ECONNREFUSED');
  });

  it('refuse a history that was edited or is missing on disk', async () => {
    migration('20260102000000_add_wrong', 'CREATE TABLE other (id int);');
    await expect(migrate()).rejects.toThrow('was edited after it had been applied');
    rmSync(join(folder, '20260102000000_add_wrong'), { recursive: true });
    await expect(migrate()).rejects.toThrow('its file is missing');
    migration('20260102000000_add_wrong', 'CREATE TABLE half (id int);');
    expect(await migrate()).toEqual({ applied: [] });
  });
});

describe('a database transaction', () => {
  it('runs its hooks after the commit only', async () => {
    const seen: string[] = [];
    await expect(
      inDatabaseTransaction(pool, async (tx) => {
        tx.afterCommit(() => seen.push('never'));
        await tx.query("INSERT INTO counter VALUES ('a', 1)");
      }),
    ).rejects.toMatchObject({ code: '23505', constraint: 'counter_pkey' });
    await inDatabaseTransaction(pool, async (tx) => {
      tx.afterCommit(() => seen.push('committed'));
      await tx.query("INSERT INTO counter VALUES ('b', 0)");
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['committed']);
  });

  it('runs again the one that a deadlock chose as its victim', async () => {
    await pool.query("INSERT INTO counter VALUES ('x', 0), ('y', 0)");
    const bothHold = barrier(2);
    const tries = { first: 0, second: 0 };
    const add = (who: 'first' | 'second', order: [string, string]) =>
      inDatabaseTransaction(pool, async (tx) => {
        tries[who] += 1;
        await tx.query('UPDATE counter SET value = value + 1 WHERE name = $1', [order[0]]);
        await bothHold();
        await tx.query('UPDATE counter SET value = value + 1 WHERE name = $1', [order[1]]);
      });
    await Promise.all([add('first', ['x', 'y']), add('second', ['y', 'x'])]);
    const { rows } = await pool.query("SELECT name, value FROM counter WHERE name IN ('x', 'y') ORDER BY name");
    expect(rows).toEqual([
      { name: 'x', value: 2n },
      { name: 'y', value: 2n },
    ]);
    expect(tries.first + tries.second).toBe(3);
  });

  const valueOf = async (name: string): Promise<bigint | undefined> =>
    (await pool.query<{ value: bigint }>('SELECT value FROM counter WHERE name = $1', [name])).rows[0]?.value;

  it('executes statements that are asked for together in the order in which they were asked for', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `together-${index}`);
    const seen = await inDatabaseTransaction(pool, async (tx) => {
      const add = (name: string) => tx.query('INSERT INTO counter SELECT $1, count(*) FROM counter', [name]);
      const before = await tx.query<{ count: bigint }>('SELECT count(*) FROM counter');
      await Promise.all(names.map(add));
      return before.rows[0]!.count;
    });
    expect(await Promise.all(names.map(valueOf))).toEqual(names.map((_, index) => seen + BigInt(index)));
  });

  it('sends what opens it behind BEGIN, and all else once that is answered, in the order in which it was asked for', async () => {
    const [begun, ...rest] = await inDatabaseTransaction(pool, (tx) => {
      const at = (sql: Sql) => sql.query<{ at: string }>('SELECT clock_timestamp()::text AS at, now()::text AS began');
      return Promise.all([tx.query('SELECT 1'), at(tx.opening), at(tx), at(tx)]);
    });
    expect(begun.rows).toHaveLength(1);
    const times = rest.map(({ rows }) => rows[0]!.at);
    expect(times).toEqual(times.toSorted());
    expect(new Set(rest.map(({ rows }) => (rows[0] as unknown as { began: string }).began)).size).toBe(1);
  });

  it('sends nothing that stays behind a BEGIN that failed', async () => {
    const failing = inDatabaseTransaction(
      pool,
      (tx) => Promise.all([tx.opening.query('SELECT 1'), tx.query("INSERT INTO counter VALUES ('unbegun', 1)")]),
      { isolation: 'no such level' as 'serializable' },
    );
    await expect(failing).rejects.toMatchObject({ code: '42601' });
    const careless = inDatabaseTransaction(
      pool,
      (tx) => tx.unanswered.query("INSERT INTO counter VALUES ('unbegun', 1)"),
      { isolation: 'no such level' as 'serializable' },
    );
    await expect(careless).rejects.toMatchObject({ code: '42601' });
    await expect(
      inDatabaseTransaction(pool, (tx) => tx.opening.query('SELECT 1'), { isolation: 'none' as 'serializable' }),
    ).rejects.toMatchObject({ code: '42601' });
    expect(await valueOf('unbegun')).toBeUndefined();
  });

  it('commits what nobody waits for, and is answered after the commit', async () => {
    await inDatabaseTransaction(pool, async (tx) => {
      expect(await tx.unanswered.query("INSERT INTO counter VALUES ('late', 1) RETURNING value")).toEqual({
        rows: [],
        rowCount: 0,
      });
      await tx.unanswered.query("UPDATE counter SET value = value + 1 WHERE name = 'late'");
    });
    expect(await valueOf('late')).toBe(2n);
  });

  it('commits nothing when what nobody waits for fails, and says why', async () => {
    const seen: string[] = [];
    const failing = inDatabaseTransaction(pool, async (tx) => {
      tx.afterCommit(() => seen.push('never'));
      await tx.unanswered.query("INSERT INTO counter VALUES ('behind', 1)");
      await tx.unanswered.query("INSERT INTO counter VALUES ('a', 1)");
      await tx.unanswered.query("INSERT INTO counter VALUES ('behind-it', 1)");
    });
    await expect(failing).rejects.toMatchObject({ code: '23505', constraint: 'counter_pkey' });
    expect([await valueOf('behind'), await valueOf('behind-it'), seen]).toEqual([undefined, undefined, []]);
  });

  it('names the write that failed, not the statement that failed because of it', async () => {
    const failing = inDatabaseTransaction(pool, async (tx) => {
      await tx.unanswered.query("INSERT INTO counter VALUES ('a', 1)");
      await tx.query('SELECT 1');
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
  });

  it('commits nothing when what nobody waits for cannot even be sent', async () => {
    const unsendable = {
      toPostgres: () => {
        throw new Error('no such text');
      },
    };
    const failing = inDatabaseTransaction(pool, async (tx) => {
      await tx.unanswered.query("INSERT INTO counter VALUES ('before-it', 1)");
      await tx.unanswered.query('INSERT INTO counter VALUES ($1, 1)', [unsendable]);
    });
    await expect(failing).rejects.toThrow('no such text');
    const unreadable = [
      new Proxy(new Date(), {
        get: () => {
          throw new Error('no such moment');
        },
      }),
    ];
    const throwing = inDatabaseTransaction(pool, async (tx) => {
      await tx.unanswered.query("INSERT INTO counter VALUES ('before-it', 1)");
      await tx.unanswered.query('INSERT INTO counter SELECT $1::text[], 1', [unreadable]);
    });
    await expect(throwing).rejects.toThrow('no such moment');
    expect(await valueOf('before-it')).toBeUndefined();
  });

  it('does not believe in a commit after a failure that was kept silent', async () => {
    const silent = inDatabaseTransaction(pool, async (tx) => {
      await tx.query("INSERT INTO counter VALUES ('silent', 1)");
      await tx.query("INSERT INTO counter VALUES ('a', 1)").catch(() => undefined);
    });
    await expect(silent).rejects.toThrow('cannot be committed');
    expect(await valueOf('silent')).toBeUndefined();
  });

  it('runs again when a deadlock met what nobody waits for', async () => {
    await pool.query("INSERT INTO counter VALUES ('p', 0), ('q', 0)");
    const bothHold = barrier(2);
    let tries = 0;
    const add = (order: [string, string]) =>
      inDatabaseTransaction(pool, async (tx) => {
        tries += 1;
        await tx.query('UPDATE counter SET value = value + 1 WHERE name = $1', [order[0]]);
        await bothHold();
        await tx.unanswered.query('UPDATE counter SET value = value + 1 WHERE name = $1', [order[1]]);
      });
    await Promise.all([add(['p', 'q']), add(['q', 'p'])]);
    expect([await valueOf('p'), await valueOf('q'), tries]).toEqual([2n, 2n, 3]);
  });

  it('serves the next caller after its connection was killed in the middle', async () => {
    const killed = inDatabaseTransaction(pool, async (tx) => {
      const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await tx.query('SELECT 1');
    });
    await expect(killed).rejects.toThrow();
    await expect(inDatabaseTransaction(pool, (tx) => tx.query('SELECT 1'))).resolves.toBeDefined();
  });
});

describe('a lease', () => {
  it('has one holder, and another soon after the holder’s connection is gone', async () => {
    const held: string[] = [];
    const lost: string[] = [];
    const hold = (who: string) =>
      Lease.hold({
        connectionString: database.ownerUrl,
        key: 'spec',
        retryMs: 50,
        onHeld: (signal) => {
          held.push(who);
          return new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              lost.push(who);
              resolve();
            }),
          );
        },
      });
    const first = hold('first');
    await eventually(() => expect(held).toEqual(['first']));
    const second = hold('second');
    await pool.query('SELECT 1');
    expect(held).toEqual(['first']);
    await first.release();
    await eventually(() => expect(held).toEqual(['first', 'second']));
    await second.release();
    expect(lost).toEqual(['first', 'second']);
  });
});
