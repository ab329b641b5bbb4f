import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type Cut, startTcpProxy, type TcpProxy, type TestDatabase } from '@dailydoco/testing';
import type { Pool } from 'pg';
import { LostCommitError } from './database-errors.js';
import { inDatabaseTransaction } from './database-transaction.js';
import { GroupWriter } from './group-writer.js';
import { createPool } from './pool.js';

let database: TestDatabase;
let proxy: TcpProxy;
let throughProxy: Pool;
let direct: Pool;

const poolOf = (connectionString: string): Pool =>
  createPool({ connectionString, max: 2, applicationName: 'lost-commit-spec', statementTimeoutMs: 10_000 });

beforeAll(async () => {
  database = await createTestDatabase({ template: 'lost-commit', migrate: () => Promise.resolve() });
  const url = new URL(database.ownerUrl);
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
  direct = poolOf(database.ownerUrl);
  url.port = String(proxy.port);
  throughProxy = poolOf(url.href);
  await direct.query('CREATE TABLE item (id bigint PRIMARY KEY)');
});

afterEach(() => proxy.cutAt(() => undefined));

afterAll(async () => {
  await throughProxy.end();
  await direct.end();
  await proxy.close();
  await database.drop();
});

/** Cuts the next connection that sends COMMIT. */
function cutNextCommit(cut: Cut): void {
  let done = false;
  proxy.cutAt((chunk) => {
    if (done || !chunk.includes('COMMIT')) return undefined;
    done = true;
    return cut;
  });
}

const stored = async (ids: readonly bigint[]): Promise<Set<bigint>> => {
  const { rows } = await direct.query<{ id: bigint }>('SELECT id FROM item WHERE id = ANY ($1)', [ids]);
  return new Set(rows.map(({ id }) => id));
};

const writer = () =>
  new GroupWriter<bigint, string>({
    name: 'lost-commit-spec',
    commit: (ids) =>
      inDatabaseTransaction(throughProxy, async (tx) => {
        await tx.query('INSERT INTO item SELECT unnest($1::bigint[])', [ids]);
        return ids.map(() => 'committed');
      }),
    resolveAfterLostCommit: async (ids) => {
      const standing = await stored(ids);
      return ids.map((id) => (standing.has(id) ? 'stands' : undefined));
    },
  });

describe('a connection lost with what was sent before the COMMIT', () => {
  const sent = (ids: readonly bigint[]) =>
    inDatabaseTransaction(throughProxy, async (tx) => {
      await tx.unanswered.query('INSERT INTO item SELECT unnest($1::bigint[])', [ids]);
    });

  it('is told as a lost commit, and nothing is stored when the server never heard of it', async () => {
    cutNextCommit('before');
    await expect(sent([11n])).rejects.toThrow(LostCommitError);
    expect(await stored([11n])).toEqual(new Set());
  });

  it('is told as a lost commit when the server heard of it, whether or not it came to the COMMIT', async () => {
    cutNextCommit('after');
    await expect(sent([12n])).rejects.toThrow(LostCommitError);
  });
});

describe('a connection lost during COMMIT', () => {
  it('is answered as done when the database had committed', async () => {
    cutNextCommit('after');
    const group = writer();
    expect(await Promise.all([group.submit(1n), group.submit(2n)])).toEqual(['stands', 'stands']);
    expect(await stored([1n, 2n])).toEqual(new Set([1n, 2n]));
    await group.close();
  });

  it('is answered as not done when the database never heard of it, and the same item goes through afterwards', async () => {
    cutNextCommit('before');
    const group = writer();
    const first = await Promise.allSettled([group.submit(3n), group.submit(4n)]);
    expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(first[0]).toMatchObject({ reason: { reason: 'UNAVAILABLE' } });
    expect(await stored([3n, 4n])).toEqual(new Set());
    expect(await group.submit(3n)).toBe('committed');
    await group.close();
  });
});
