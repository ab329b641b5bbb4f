import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { eventually } from '@dailydoco/testing';
import { asPayoutMethodId, type TenantId, type UserId } from '../src/ids.js';
import { destinations, methodSecrecy } from '../src/methods/methods.module.js';
import { PayoutMethodStore } from '../src/methods/payout-method.store.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { SPEC_RAILS } from './spec-rail.js';

const HOUR_MS = 3_600_000;
const ACCOUNT = 'DE12345678';
let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { rails: SPEC_RAILS });
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Someone {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly as: string;
}

async function someone(tenantId = books.newTenant()): Promise<Someone> {
  const personId = books.newPerson();
  return { tenantId, personId, as: await edges.person(tenantId, personId) };
}

const add = ({ as }: Someone, account: unknown = ACCOUNT, key?: string) =>
  edges.call('POST', '/v1/payout-methods', { as, body: { kind: 'sepa', details: { account } }, key });

const list = async ({ as }: Someone) => (await edges.call('GET', '/v1/payout-methods', { as })).body.items;

const open = ({ tenantId }: Someone, id: string) => {
  const methodId = asPayoutMethodId(id);
  return destinations({ ...edges.runtime, rails: SPEC_RAILS })
    .open([{ tenantId, methodId }])
    .then((opened) => opened.get(methodId));
};

describe('A payout method of a bank', () => {
  it('is shown masked and opened for payment only, also after it was deleted', async () => {
    const me = await someone();
    const { status, body } = await add(me, 'de12 3456 78');
    const { id, createdAt } = body;
    expect([status, body]).toEqual([
      201,
      { id, kind: 'sepa', status: 'active', masked: '•••• 5678', country: 'DE', createdAt },
    ]);
    expect(await list(me)).toEqual([body]);
    expect(await open(me, id)).toEqual({ kind: 'sepa', destination: ACCOUNT, heldUntil: undefined });
    expect((await edges.call('DELETE', `/v1/payout-methods/${id}`, { as: me.as })).status).toBe(204);
    expect(await list(me)).toEqual([]);
    expect(await open(me, id)).toMatchObject({ destination: ACCOUNT });
    expect(await open(await someone(), id)).toBeUndefined();
  });

  it('opens no more once the key of its person is destroyed, while sandbox methods of before open without one', async () => {
    const me = await someone();
    const { body } = await add(me);
    await books.pool.query('DELETE FROM person_key WHERE tenant_id = $1', [me.tenantId]);
    expect(await open(me, body.id)).toBeUndefined();
    const old = books.newId();
    await books.pool.query(
      `INSERT INTO payout_method (tenant_id, id, person_id, kind, sandbox_outcome, created_at)
       VALUES ($1, $2, $3, 'sandbox', 'failed', now())`,
      [me.tenantId, old, me.personId],
    );
    expect(await open(me, old)).toMatchObject({ kind: 'sandbox', destination: { outcome: 'failed' } });
  });

  it('leaves nothing in the clear: not in any table, not in an answer kept for its key, not in an event', async () => {
    const me = await someone();
    await add(me, 'FR 87654321', 'kept');
    const { rows: tables } = await books.pool.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND has_table_privilege(format('%I.%I', schemaname, tablename), 'SELECT')`,
    );
    expect(tables.length).toBeGreaterThan(15);
    const needles = ['87654321', Buffer.from('87654321').toString('hex')];
    for (const { name } of tables) {
      const { rows } = await books.pool.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      const found = rows.filter(({ text }) => needles.some((needle) => text.includes(needle)));
      expect([name, found]).toEqual([name, []]);
    }
    const again = await add(me, 'FR 87654321', 'kept');
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    const other = await add(me, 'FR 87654322', 'kept');
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('has the fingerprint of every other method to the same account in its tenant, and of no other', async () => {
    const [me, another, elsewhere] = [await someone(), await someone(), await someone()];
    const near = await someone(me.tenantId);
    const [mine, same] = [await add(me), await add(near, 'de 12345678')];
    const [different, abroad] = [await add(another, 'DE12345679'), await add(elsewhere)];
    const { rows } = await books.pool.query<{ id: string; fingerprint: Buffer }>(
      'SELECT id, fingerprint FROM payout_method WHERE id = ANY ($1)',
      [[mine, same, different, abroad].map(({ body }) => body.id)],
    );
    const of = ({ body }: { body: { id: string } }) =>
      rows.find(({ id }) => id === body.id)?.fingerprint.toString('hex');
    expect(of(same)).toBe(of(mine));
    expect(new Set([of(mine), of(different), of(abroad)]).size).toBe(3);
  });

  it.each([
    ['no account', { account: 7 }, 'details.account'],
    ['a detail that the rail does not know', { account: ACCOUNT, bic: 'X' }, 'details.bic'],
  ])('is refused with the path of what is wrong: %s', async (_, details, path) => {
    const me = await someone();
    const { status, body } = await edges.call('POST', '/v1/payout-methods', {
      as: me.as,
      body: { kind: 'sepa', details },
    });
    expect([status, body.code, body.errors.map((error: { path: string }) => error.path)]).toEqual([
      400,
      'VALIDATION_FAILED',
      [path],
    ]);
    expect(JSON.stringify(body)).not.toContain(ACCOUNT);
    expect(await list(me)).toEqual([]);
  });

  it('is refused where the rail does not go', async () => {
    const me = await someone();
    const { status, body } = await add(me, 'US12345678');
    expect([status, body.code]).toEqual([422, 'RAIL_UNREACHABLE']);
    expect(await list(me)).toEqual([]);
  });
});

describe('A change of method', () => {
  it('is held for 48 hours and told; the first is not, whatever sandbox methods there were', async () => {
    const me = await someone();
    await edges.call('POST', '/v1/payout-methods', { as: me.as, body: { kind: 'sandbox', details: {} } });
    const first = await add(me);
    expect(first.body.status).toBe('active');
    // Deleting the first is not the way around.
    await edges.call('DELETE', `/v1/payout-methods/${first.body.id}`, { as: me.as });
    const second = await add(me, 'DE99999999');
    const until = new Date(books.clock.now().getTime() + 48 * HOUR_MS);
    expect(second.body).toMatchObject({ status: 'held', heldUntil: until.toISOString() });
    expect(await open(me, second.body.id)).toMatchObject({ heldUntil: until });
    expect(await books.published(me.personId)).toEqual(['PayoutMethodAdded', 'PayoutMethodAdded', 'PayoutMethodAdded']);
    books.clock.advance(48 * HOUR_MS - 1);
    expect((await list(me)).map(({ status }: { status: string }) => status)).toEqual(['active', 'held']);
    books.clock.advance(1);
    const [, changed] = await list(me);
    expect([changed.status, changed.heldUntil]).toEqual(['active', undefined]);
  });

  it('is one, also when it is added while the first is: it waits for that, and then is no first', async () => {
    const me = await someone();
    let second: ReturnType<typeof add> | undefined;
    await inDatabaseTransaction(books.pool, async (tx) => {
      const store = new PayoutMethodStore(tx, methodSecrecy(edges.runtime));
      await store.lockPerson(me.tenantId, me.personId);
      second = add(me);
      await eventually(async () => {
        const { rows } = await books.pool.query<{ waiting: number }>(
          `SELECT count(*)::int AS waiting FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database()`,
        );
        expect(rows).toEqual([{ waiting: 1 }]);
      });
      await store.add(
        {
          ...me,
          id: asPayoutMethodId(books.newId()),
          kind: 'sepa',
          outcome: undefined,
          masked: 'x',
          country: 'DE',
          createdAt: books.clock.now(),
          heldUntil: undefined,
        },
        { details: { account: ACCOUNT }, account: ACCOUNT },
      );
    });
    expect((await second)?.body.status).toBe('held');
  });
});

describe('/v1/payout-rails', () => {
  const kinds = async (query: string) => {
    const { as } = await someone();
    const { status, body } = await edges.call('GET', `/v1/payout-rails?${query}`, { as });
    return [status, status === 200 ? body.items.map(({ kind }: { kind: string }) => kind) : body.code];
  };

  it.each([
    ['currency=EUR&country=DE', ['sandbox', 'sepa']],
    ['currency=EUR', ['sandbox', 'sepa']],
    ['currency=EUR&country=US', ['sandbox']],
    ['currency=USD&country=DE', ['sandbox']],
  ])('offers only rails that carry the currency into the country: %s', async (query, offered) => {
    expect(await kinds(query)).toEqual([200, offered]);
  });

  it('tells limits, fee and speed', async () => {
    const { as } = await someone();
    const { body } = await edges.call('GET', '/v1/payout-rails?currency=EUR&country=FR', { as });
    expect(body.items[1]).toEqual({
      kind: 'sepa',
      minimum: { amount: '1.00', currency: 'EUR' },
      maximum: { amount: '500.00', currency: 'EUR' },
      fee: { fixed: { amount: '0.20', currency: 'EUR' }, bps: 5 },
      typicalHours: 24,
      returnableHours: 240,
    });
  });

  it.each([
    '',
    'currency=eur',
    'currency=XXX',
    'currency=EUR&country=de',
    'currency=EUR&country=DEU',
    'currency=EUR&x=1',
  ])('refuses ?%s', async (query) => {
    expect(await kinds(query)).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe('A payout method in the database', () => {
  it('never changes, and a bank’s is never without its seal', async () => {
    const me = await someone();
    await add(me);
    const refused = (sql: string) =>
      books.pool.query(sql, [me.tenantId]).then(
        () => 'done',
        ({ code }) => code,
      );
    expect(await refused("UPDATE payout_method SET masked = 'x' WHERE tenant_id = $1")).toBe('42501');
    expect(await refused('UPDATE person_key SET salt = salt WHERE tenant_id = $1')).toBe('42501');
    expect(
      await refused(`INSERT INTO payout_method (tenant_id, id, person_id, kind, masked, created_at)
        VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'ach', 'x', now())`),
    ).toBe('23514');
  });
});
