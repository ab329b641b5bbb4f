import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import { openDatabase, type TestDatabase, timesDone } from '../test/ledger-database.js';
import { newLifecycle, silentLogger } from '../test/shop.js';
import {
  type Answer,
  type IdempotencyScope,
  IdempotencyStore,
  JsonText,
  type KeyClaim,
  keyClaim,
  purgeIdempotencyKeys,
  type ReplayableAnswer,
  requestHash,
} from './index.js';

const store = new IdempotencyStore();
const SCOPE: IdempotencyScope = { tenantId: 'tenant-1', callerId: 'user:1', method: 'POST', path: '/v1/orders' };
let database: TestDatabase;
let lastKey = 0;

beforeAll(async () => {
  database = await openDatabase();
});
afterAll(() => database.drop());

function newKey(): string {
  lastKey += 1;
  return `key-${lastKey}`;
}

interface Asked {
  key: string;
  input?: unknown;
  scope?: Partial<IdempotencyScope>;
  work?: (tx: DatabaseTransaction) => Promise<Answer>;
}

/** Runs work that leaves the key's name in the database, unless told to do something else. */
function run({ key, input = {}, scope = {}, work }: Asked): Promise<ReplayableAnswer> {
  return store.run(
    database.app,
    { key, scope: { ...SCOPE, ...scope }, requestHash: requestHash(input) },
    work ?? ((tx) => recorded(tx, key)),
  );
}

async function recorded(tx: DatabaseTransaction, name: string): Promise<Answer> {
  await tx.query('INSERT INTO work_done (name) VALUES ($1)', [name]);
  return { status: 201, body: { name, at: 'first' } };
}

const done = (name: string): Promise<number> => timesDone(database.owner, name);
const reasonOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'no refusal',
    (error: unknown) => (error instanceof DomainError ? error.reason : String(error)),
  );

describe('work under a key', () => {
  it('is done once, and its answer given again', async () => {
    const key = newKey();
    const first = await run({ key });
    const again = await run({ key });
    expect(first).toEqual({ status: 201, body: { name: key, at: 'first' }, replayed: false });
    expect(again).toEqual({ ...first, replayed: true });
    expect(await done(key)).toBe(1);
  });

  it('keeps an answer without a body, and one of some size', async () => {
    const [bare, large] = [newKey(), newKey()];
    const body = { text: 'x'.repeat(200_000) };
    await run({ key: bare, work: async () => ({ status: 204, body: undefined }) });
    await run({ key: large, work: async () => ({ status: 200, body }) });
    expect(await run({ key: bare })).toEqual({ status: 204, body: null, replayed: true });
    expect(await run({ key: large })).toEqual({ status: 200, body, replayed: true });
  });

  it('of several at once: each key has its own answer, whatever its text holds', async () => {
    const texts = ['line\nbreak', 'a "quote", a \\ and {braces}', 'null', 'ü\u2028\r\n\t', ''];
    const claims = texts.map(() => keyClaim({ key: newKey(), scope: SCOPE, requestHash: requestHash({}) }));
    const answers = claims.map((claim, index) => {
      const body = { text: texts[index] };
      return { claim, status: 201, body: index % 2 === 0 ? body : new JsonText(body) };
    });
    await inDatabaseTransaction(database.app, async (tx) => {
      await store.claimKeys(tx, claims);
      await store.saveAnswers(tx, answers);
    });
    const again = await inDatabaseTransaction(database.app, (tx) => store.claimKeys(tx, claims));
    expect(again).toEqual(texts.map((text) => ({ kind: 'replay', status: 201, body: { text } })));
  });

  it('is refused for another input, and nothing is done', async () => {
    const key = newKey();
    await run({ key, input: { amount: 1n } });
    expect(await reasonOf(run({ key, input: { amount: 2n } }))).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await done(key)).toBe(1);
  });

  it.each<[string, Partial<IdempotencyScope>]>([
    ['tenant', { tenantId: 'tenant-2' }],
    ['caller', { callerId: 'apiKey:1' }],
    ['method', { method: 'PUT' }],
    ['path', { path: '/v1/orders/1/refunds' }],
    ['tenant and caller that read alike', { tenantId: 'tenant-1user', callerId: ':1' }],
  ])('is other work for another %s', async (_name, scope) => {
    const key = newKey();
    await run({ key });
    expect((await run({ key, scope })).replayed).toBe(false);
    expect(await done(key)).toBe(2);
  });

  it('leaves the key free when it fails', async () => {
    const key = newKey();
    const failing = run({
      key,
      work: async (tx) => {
        await recorded(tx, key);
        throw new DomainError('CONFLICT');
      },
    });
    expect(await reasonOf(failing)).toBe('CONFLICT');
    expect(await done(key)).toBe(0);
    expect((await run({ key, input: { another: 'input' } })).replayed).toBe(false);
  });

  it('leaves the key free when it answers with anything but success', async () => {
    const key = newKey();
    const refused = await run({ key, work: async () => ({ status: 409, body: { no: true } }) });
    expect(refused).toEqual({ status: 409, body: { no: true }, replayed: false });
    expect((await run({ key })).replayed).toBe(false);
  });

  it('is simply done without a key', async () => {
    const name = newKey();
    const unkeyed = { scope: SCOPE, requestHash: requestHash({}) };
    await store.run(database.app, unkeyed, (tx) => recorded(tx, name));
    await store.run(database.app, unkeyed, (tx) => recorded(tx, name));
    expect(await done(name)).toBe(2);
  });

  it('waits for locks of its own as it would without a key', async () => {
    const setting = async (tx: DatabaseTransaction): Promise<Answer> => {
      const { rows } = await tx.query<{ lock_timeout: string }>('SHOW lock_timeout');
      return { status: 200, body: rows[0]?.lock_timeout };
    };
    const without = await inDatabaseTransaction(database.app, setting);
    expect((await run({ key: newKey(), work: setting })).body).toBe(without.body);
  });
});

describe('twins', () => {
  it('fifty at once are one piece of work and forty-nine replays', async () => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 50 }, () => run({ key })));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(await done(key)).toBe(1);
  });

  it('fifty at once take over from one another when the first ones fail', async () => {
    const key = newKey();
    let failures = 3;
    const work = async (tx: DatabaseTransaction): Promise<Answer> => {
      const answer = await recorded(tx, key);
      failures -= 1;
      if (failures >= 0) throw new DomainError('UNAVAILABLE');
      return answer;
    };
    const reasons = await Promise.all(Array.from({ length: 50 }, () => reasonOf(run({ key, work }))));
    expect(reasons.filter((reason) => reason === 'UNAVAILABLE').length).toBe(3);
    expect(reasons.filter((reason) => reason === 'no refusal').length).toBe(47);
    expect(await done(key)).toBe(1);
  });

  it('that would wait for more than two seconds are told that the first is still at work', async () => {
    const key = newKey();
    const entered = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const first = run({
      key,
      work: async (tx) => {
        entered.resolve();
        await release.promise;
        return recorded(tx, key);
      },
    });
    await entered.promise;
    const begun = performance.now();
    const reason = await reasonOf(run({ key }));
    const waitedMs = performance.now() - begun;
    release.resolve();
    expect(reason).toBe('REQUEST_IN_PROGRESS');
    expect(waitedMs).toBeGreaterThan(1_900);
    expect((await first).replayed).toBe(false);
    expect((await run({ key })).replayed).toBe(true);
    expect(await done(key)).toBe(1);
  });
});

describe('a crash between work and commit', () => {
  it('leaves neither work nor key', async () => {
    const key = newKey();
    const crashed = run({
      key,
      work: async (tx) => {
        const answer = await recorded(tx, key);
        const { rows } = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await database.app.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
        return answer;
      },
    });
    await expect(crashed).rejects.toThrow();
    expect(await done(key)).toBe(0);
    expect(await run({ key, input: { another: 'input' } })).toMatchObject({ status: 201, replayed: false });
    expect(await done(key)).toBe(1);
  });
});

describe('keys in time', () => {
  const age = (key: string, interval: string): Promise<unknown> =>
    database.owner.query(
      `UPDATE idempotency_key SET expires_at = now() + $2::interval WHERE key_hash = decode($1, 'hex')`,
      [keyClaim({ key, scope: SCOPE, requestHash: requestHash({}) }).keyHash, interval],
    );

  it('are remembered for a day, or as long as they are told', async () => {
    const [day, month] = [newKey(), newKey()];
    await run({ key: day });
    await store.run(
      database.app,
      { key: month, scope: SCOPE, requestHash: requestHash({}), ttlHours: 720 },
      async () => ({ status: 200, body: {} }),
    );
    const hoursLeft = async (key: string): Promise<number> => {
      const { rows } = await database.owner.query<{ hours: number }>(
        `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::integer AS hours
         FROM idempotency_key WHERE key_hash = decode($1, 'hex')`,
        [keyClaim({ key, scope: SCOPE, requestHash: requestHash({}) }).keyHash],
      );
      return rows[0]?.hours ?? 0;
    };
    expect([await hoursLeft(day), await hoursLeft(month)]).toEqual([24, 720]);
  });

  it('are free again once expired, also before they are purged, for one of many who ask', async () => {
    const key = newKey();
    await run({ key });
    await age(key, '-1 second');
    const answers = await Promise.all(Array.from({ length: 20 }, () => run({ key, input: { another: 'input' } })));
    expect(answers.filter(({ replayed }) => !replayed).length).toBe(1);
    expect(await done(key)).toBe(2);
  });

  it('are purged once expired, in bounded batches, with their answers', async () => {
    const keys = Array.from({ length: 25 }, newKey);
    await Promise.all(keys.map((key) => run({ key })));
    const [kept = '', ...expired] = keys;
    await Promise.all(expired.map((key) => age(key, '-1 second')));
    expect(await store.purgeExpired(database.app, { batchSize: 5, maxBatches: 2 })).toBe(10);
    expect(await store.purgeExpired(database.app, { batchSize: 5 })).toBe(14);
    expect(await store.purgeExpired(database.app)).toBe(0);
    expect((await run({ key: kept })).replayed).toBe(true);
    const { rows } = await database.owner.query<{ orphans: number }>(
      `SELECT count(*)::integer AS orphans FROM idempotency_answer
       WHERE key_hash NOT IN (SELECT key_hash FROM idempotency_key)`,
    );
    expect(rows).toEqual([{ orphans: 0 }]);
  });

  it('are purged in the background until the service stops', async () => {
    const lifecycle = newLifecycle();
    const keys = [newKey(), newKey()];
    await Promise.all(keys.map((key) => run({ key })));
    purgeIdempotencyKeys({ store, sql: database.app, lifecycle, logger: silentLogger, everyMs: 10 });
    await lifecycle.start();
    await Promise.all(keys.map((key) => age(key, '-1 second')));
    await eventually(async () => {
      const { rows } = await database.owner.query('SELECT FROM idempotency_key WHERE expires_at <= now()');
      expect(rows.length).toBe(0);
    });
    expect(lifecycle.live().ok).toBe(true);
    expect(await lifecycle.shutdown('test')).toEqual({ ok: true, failed: [] });
  });

  it('and their answers cannot be rewritten by the service', async () => {
    await run({ key: newKey() });
    await expect(database.app.query(`UPDATE idempotency_answer SET body = '{}'`)).rejects.toThrow(/permission denied/);
    await expect(database.app.query(`UPDATE idempotency_key SET request_hash = key_hash`)).rejects.toThrow(
      /permission denied/,
    );
  });
});

describe('a group', () => {
  const claimOf = (key: string, input: unknown = {}): KeyClaim =>
    keyClaim({ key, scope: SCOPE, requestHash: requestHash(input) });

  it('learns of each claim what became of it', async () => {
    const [fresh, answered, twice, answeredTwice] = [newKey(), newKey(), newKey(), newKey()];
    const { body } = await run({ key: answered });
    await run({ key: answeredTwice });
    const outcomes = await inDatabaseTransaction(database.app, (tx) =>
      store.claimKeys(tx, [
        claimOf(fresh),
        undefined,
        claimOf(answered),
        claimOf(answered, { another: 'input' }),
        claimOf(twice),
        claimOf(twice),
        claimOf(twice, { another: 'input' }),
        claimOf(answeredTwice, { another: 'input' }),
        claimOf(answeredTwice),
        undefined,
      ]),
    );
    expect(outcomes).toEqual([
      { kind: 'claimed' },
      { kind: 'claimed' },
      { kind: 'replay', status: 201, body },
      { kind: 'reused' },
      { kind: 'claimed' },
      { kind: 'sameAs', index: 4 },
      { kind: 'clashesWith', index: 4 },
      { kind: 'reused' },
      { kind: 'replay', status: 201, body: { name: answeredTwice, at: 'first' } },
      { kind: 'claimed' },
    ]);
  });

  it('binds the keys of its successes and frees those of its refusals', async () => {
    const [bought, refused] = [newKey(), newKey()];
    await inDatabaseTransaction(database.app, async (tx) => {
      const claims = [claimOf(bought), claimOf(refused)];
      await store.claimKeys(tx, claims);
      await store.saveAnswers(tx, [
        { claim: claimOf(bought), status: 201, body: { id: 1 } },
        { claim: claimOf(refused), status: 404, body: {} },
      ]);
    });
    expect(await run({ key: bought })).toEqual({ status: 201, body: { id: 1 }, replayed: true });
    expect((await run({ key: refused })).replayed).toBe(false);
  });

  it('keeps the status alone of what is made again, unless the work comes to something else', async () => {
    const told = (key: string, madeAgainStatus: number): KeyClaim => ({ ...claimOf(key), madeAgainStatus });
    const [kept, made, other, freed] = [
      claimOf(newKey()),
      told(newKey(), 201),
      told(newKey(), 202),
      told(newKey(), 201),
    ];
    const claims = [kept, made, other, freed];
    await inDatabaseTransaction(database.app, async (tx) => {
      await store.claimKeys(tx, claims);
      await store.saveAnswers(tx, [
        { claim: other, status: 200, body: { other: true } },
        { claim: kept, status: 200, body: '' },
        { claim: freed, status: 409, body: undefined },
      ]);
    });
    const rows = await database.owner.query(`SELECT FROM idempotency_answer WHERE key_hash = decode($1, 'hex')`, [
      made.keyHash,
    ]);
    expect(rows.rowCount).toBe(0);
    expect(await inDatabaseTransaction(database.app, (tx) => store.claimKeys(tx, claims))).toEqual([
      { kind: 'replay', status: 200, body: '' },
      { kind: 'again', status: 201 },
      { kind: 'replay', status: 200, body: { other: true } },
      { kind: 'claimed' },
    ]);
  });

  it('meets what the version before it claims, and tells it what it knows', async () => {
    const before = claimOf(newKey());
    const claimAsBefore = ({ keyHash, requestHash }: KeyClaim) =>
      database.app.query<{ status: number | null; body: string | null }>(
        'SELECT status, body FROM idempotency_claim($1::text[], $2::text[], $3::integer[])',
        [[keyHash], [requestHash], [24]],
      );
    expect((await claimAsBefore(before)).rows).toEqual([]);
    // It kept the status of what is made again in a row without a body.
    await database.app.query(
      `INSERT INTO idempotency_answer (key_hash, status, body) VALUES (decode($1, 'hex'), 201, NULL)`,
      [before.keyHash],
    );
    expect(await store.claimKeys(database.app, [before])).toEqual([{ kind: 'again', status: 201 }]);

    const now = { ...claimOf(newKey()), madeAgainStatus: 201 };
    await store.claimKeys(database.app, [now]);
    expect((await claimAsBefore(now)).rows).toEqual([{ status: 201, body: null }]);
  });

  it('asks nothing of the database when nobody brought a key', async () => {
    const silent = { query: () => Promise.reject(new Error('asked')) };
    expect(await store.claimKeys(silent, [undefined, undefined])).toEqual([{ kind: 'claimed' }, { kind: 'claimed' }]);
    await store.saveAnswers(silent, []);
  });

  it('meets another that names the same keys the other way round, without a deadlock', async () => {
    const [low, middle, high] = [newKey(), newKey(), newKey()]
      .map((key) => claimOf(key))
      .toSorted((a, b) => (a.keyHash < b.keyHash ? -1 : 1));
    if (low === undefined || middle === undefined || high === undefined) throw new Error('three keys');
    const commitGroup = (claims: readonly KeyClaim[]): Promise<number> =>
      inDatabaseTransaction(
        database.app,
        async (tx) => {
          const outcomes = await store.claimKeys(tx, claims);
          const mine = claims.filter((_claim, index) => outcomes[index]?.kind === 'claimed');
          await store.saveAnswers(
            tx,
            mine.map((claim) => ({ claim, status: 201, body: {} })),
          );
          return mine.length;
        },
        { maxAttempts: 1 },
      );
    // Whoever takes keys in the order given has its first one by the time it comes to the middle, where both must wait.
    const holding = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const holder = inDatabaseTransaction(database.app, async (tx) => {
      await store.claimKeys(tx, [middle]);
      holding.resolve();
      await release.promise;
      throw new Error('gives the middle back');
    });
    await holding.promise;
    const groups = Promise.all([commitGroup([low, middle, high]), commitGroup([high, middle, low])]);
    await eventually(async () => expect(await waitingClaims()).toBe(2), { timeoutMs: 1_500, everyMs: 10 });
    release.resolve();
    await expect(holder).rejects.toThrow('gives the middle back');
    expect((await groups).toSorted((a, b) => a - b)).toEqual([0, 3]);
  });

  it('does not lose an answer that a writer forgot: the work may have been done', async () => {
    const key = newKey();
    await inDatabaseTransaction(database.app, (tx) => store.claimKeys(tx, [claimOf(key)]));
    expect(await reasonOf(run({ key }))).toBe('REQUEST_IN_PROGRESS');
  });
});

async function waitingClaims(): Promise<number> {
  const { rows } = await database.owner.query<{ waiting: number }>(
    `SELECT count(*)::integer AS waiting FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE NOT granted AND datname = current_database()`,
  );
  return rows[0]?.waiting ?? 0;
}
