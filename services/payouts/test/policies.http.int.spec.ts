import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role } from '@dailydoco/auth';
import type { TenantId, UserId } from '../src/ids.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { SPEC_RAILS } from './spec-rail.js';

const POLICY = '/v1/payout-policy';
const eur = (amount: string) => ({ amount, currency: 'EUR' });
let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { rails: SPEC_RAILS, env: { PAYOUT_CANCEL_WINDOW_MS: '0' } });
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

const staff = (tenantId: TenantId, role: Role = 'finance') => edges.person(tenantId, books.newPerson(), [role]);

interface Partner {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly as: string;
  readonly methodId: string;
}

/** Somebody with 100.00 USD and 100.00 EUR and a sandbox method. */
async function partner(tenantId = books.newTenant()): Promise<Partner> {
  const personId = books.newPerson();
  await books.earn(tenantId, personId, '100.00');
  await books.earn(tenantId, personId, '100.00', 'EUR');
  const methodId = await books.addMethod(tenantId, personId);
  return { tenantId, personId, as: await edges.person(tenantId, personId), methodId };
}

const ask = async ({ as, methodId }: Partner, amount: object = usd('10.00')) => {
  const { status, body } = await edges.call('POST', '/v1/payouts', { as, body: { amount, methodId } });
  return status === 202 ? body.id : body.code;
};

const statusOf = async ({ as }: Partner, id: string) =>
  (await edges.call('GET', `/v1/payouts/${id}`, { as })).body.status;

const count = async (table: string, tenantId: TenantId) => {
  const { rows } = await books.pool.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`,
    [tenantId],
  );
  return rows[0]?.n;
};

describe(POLICY, () => {
  const terms = {
    minimums: [
      { rail: 'sepa', amount: eur('25.00') },
      { rail: 'sandbox', amount: usd('20.00') },
    ],
    approvalsAbove: [usd('500.00')],
  };

  it('is set by versions, with who and why; the same once more is no new version', async () => {
    const tenantId = books.newTenant();
    const as = await staff(tenantId);
    const unset = await edges.call('GET', POLICY, { as });
    expect(unset.body).toEqual({ version: 0, minimums: [], approvalsAbove: [], stop: { stopped: false } });
    const put = (reason: string, change: object = {}) =>
      edges.call('PUT', POLICY, { as, body: { ...terms, ...change, reason } });
    const { status, body } = await put('fees');
    expect([status, body.version, body.approvalsAbove, body.decision.reason]).toEqual([
      200,
      1,
      [usd('500.00')],
      'fees',
    ]);
    expect(body.decision.by).toMatch(/^user:/);
    expect(body.minimums).toEqual(expect.arrayContaining(terms.minimums));
    expect((await put('again')).body).toEqual({ ...body, minimums: expect.arrayContaining(terms.minimums) });
    expect((await put('no approvals', { approvalsAbove: [] })).body).toMatchObject({ version: 2, approvalsAbove: [] });
    expect((await edges.call('GET', POLICY, { as })).body).toMatchObject({ version: 2, approvalsAbove: [] });
    const { rows } = await books.pool.query<{ of: bigint | null }>("SELECT approval_above($1, 'USD') AS of", [
      tenantId,
    ]);
    expect(rows).toEqual([{ of: null }]);
  });

  it('makes one version of each of ten changes that come at once', async () => {
    const tenantId = books.newTenant();
    const as = await staff(tenantId);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        edges.call('PUT', POLICY, { as, body: { minimums: [], approvalsAbove: [usd(`${n}.00`)], reason: 'x' } }),
      ),
    );
    const versions = answers.map(({ body }) => body.version).toSorted((a, b) => a - b);
    expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('counts for the next request, in its currency and rail only', async () => {
    const me = await partner();
    const as = await staff(me.tenantId);
    await edges.call('PUT', POLICY, { as, body: { ...terms, reason: 'fees' } });
    expect(await ask(me, usd('19.99'))).toBe('PAYOUT_BELOW_MINIMUM');
    expect(await ask(me, usd('20.00'))).toMatch(/-/);
    expect(await ask(me, eur('1.00'))).toMatch(/-/);
    const { body } = await edges.call('GET', '/v1/payout-rails?currency=EUR&country=DE', { as: me.as });
    const offered = body.items.map(({ kind, minimum }: { kind: string; minimum: object }) => [kind, minimum]);
    expect(Object.fromEntries(offered)['sepa']).toEqual(eur('25.00'));
  });

  it.each([
    ['a minimum below the rail’s', { minimums: [{ rail: 'sepa', amount: eur('0.99') }] }, 'minimums.0.amount'],
    ['a rail that is not here', { minimums: [{ rail: 'ach', amount: usd('5.00') }] }, 'minimums.0.amount'],
    ['a rail that there is not', { minimums: [{ rail: 'bank', amount: usd('5.00') }] }, 'minimums.0.rail'],
    ['an unknown currency', { approvalsAbove: [{ amount: '1.00', currency: 'XXX' }] }, 'approvalsAbove.0.currency'],
    ['no reason', { reason: ' ' }, 'reason'],
    ['an unknown field', { minimum: [] }, 'minimum'],
  ])('refuses %s and changes nothing', async (_, change, path) => {
    const tenantId = books.newTenant();
    const as = await staff(tenantId);
    const body = { minimums: [], approvalsAbove: [], reason: 'x', ...change };
    const answer = await edges.call('PUT', POLICY, { as, body });
    expect([answer.status, answer.body.code, answer.body.errors[0].path]).toEqual([400, 'VALIDATION_FAILED', path]);
    expect(await count('payout_policy', tenantId)).toBe(0);
  });
});

describe('The stop', () => {
  it('refuses requests and keeps what was asked for from leaving, in its tenant only, until it is lifted', async () => {
    const [me, other] = [await partner(), await partner()];
    const as = await staff(me.tenantId);
    const stop = (stopped: boolean) =>
      edges.call('PUT', `${POLICY}/stop`, { as, body: { stopped, reason: 'the bank is down' } });
    const [waiting, theirs] = [await ask(me), await ask(other)];
    expect((await stop(true)).body).toMatchObject({ stopped: true, decision: { reason: 'the bank is down' } });
    expect((await stop(true)).status).toBe(200);
    expect(await count('payout_stop', me.tenantId)).toBe(1);
    expect(await ask(me)).toBe('PAYOUTS_STOPPED');
    await books.work();
    expect([await statusOf(me, waiting), await statusOf(other, theirs)]).toEqual(['requested', 'settled']);
    expect((await edges.call('GET', POLICY, { as })).body.stop.stopped).toBe(true);
    expect((await stop(false)).body.stopped).toBe(false);
    await books.work();
    expect(await statusOf(me, waiting)).toBe('settled');
    expect(await ask(me)).toMatch(/-/);
  });
});

describe('The freeze of a person', () => {
  const freeze = (as: string, personId: UserId, what = 'payout-freeze') =>
    edges.call('POST', `/v1/people/${personId}/${what}`, { as, body: { reason: 'under review' } });

  it('keeps their money where it is and nobody else’s, and every decision is kept', async () => {
    const me = await partner();
    const near = await partner(me.tenantId);
    const as = await staff(me.tenantId);
    const [waiting, theirs] = [await ask(me), await ask(near)];
    expect((await freeze(as, me.personId)).body).toMatchObject({ frozen: true });
    expect((await freeze(as, me.personId)).body.decisions).toHaveLength(1);
    expect([await ask(me), await ask(near)]).toEqual(['PAYOUTS_FROZEN', expect.stringMatching(/-/)]);
    await books.work();
    expect([await statusOf(me, waiting), await statusOf(near, theirs)]).toEqual(['requested', 'settled']);
    // A suspension that is over does not lift what finance decided.
    await books.suspend(me.tenantId, me.personId);
    await books.suspend(me.tenantId, me.personId, false);
    expect(await ask(me)).toBe('PAYOUTS_FROZEN');
    const { body } = await freeze(as, me.personId, 'payout-unfreeze');
    expect(body.decisions.map(({ frozen }: { frozen: boolean }) => frozen)).toEqual([false, true]);
    await books.work();
    expect(await statusOf(me, waiting)).toBe('settled');
    const support = await staff(me.tenantId, 'support');
    expect((await edges.call('GET', `/v1/people/${me.personId}/payout-freeze`, { as: support })).body).toEqual(body);
  });

  it('is lifted by somebody else than the person', async () => {
    const me = await partner();
    const self = await edges.person(me.tenantId, me.personId, ['finance']);
    expect((await freeze(self, me.personId)).status).toBe(200);
    const own = await freeze(self, me.personId, 'payout-unfreeze');
    expect([own.status, own.body.code]).toEqual([403, 'SELF_APPROVAL']);
    expect(await ask(me)).toBe('PAYOUTS_FROZEN');
    expect((await freeze(await staff(me.tenantId), me.personId, 'payout-unfreeze')).body.frozen).toBe(false);
  });

  it('is one of its own tenant: the same person elsewhere is free', async () => {
    const me = await partner();
    const elsewhere = await staff(books.newTenant());
    await freeze(elsewhere, me.personId);
    expect(await ask(me)).toMatch(/-/);
  });
});

describe('Who may decide', () => {
  const calls: [string, string, object | undefined, Role[]][] = [
    ['GET', POLICY, undefined, ['support', 'finance', 'admin', 'owner']],
    ['PUT', POLICY, { minimums: [], approvalsAbove: [], reason: 'x' }, ['finance', 'admin', 'owner']],
    ['PUT', `${POLICY}/stop`, { stopped: false, reason: 'x' }, ['finance', 'admin', 'owner']],
    [
      'GET',
      `/v1/people/${'0'.repeat(8)}-0000-7000-8000-000000000001/payout-freeze`,
      undefined,
      ['support', 'finance', 'admin', 'owner'],
    ],
    [
      'POST',
      `/v1/people/${'0'.repeat(8)}-0000-7000-8000-000000000001/payout-freeze`,
      { reason: 'x' },
      ['finance', 'admin', 'owner'],
    ],
    [
      'POST',
      `/v1/people/${'0'.repeat(8)}-0000-7000-8000-000000000001/payout-unfreeze`,
      { reason: 'x' },
      ['finance', 'admin', 'owner'],
    ],
  ];

  it.each(calls)('%s %s', async (method, path, body, roles) => {
    const tenantId = books.newTenant();
    for (const role of ['partner', 'support', 'finance', 'admin', 'owner'] as const) {
      const { status } = await edges.call(method, path, { as: await staff(tenantId, role), body });
      expect([role, status]).toEqual([role, roles.includes(role) ? 200 : 403]);
    }
    expect((await edges.call(method, path, { body })).status).toBe(401);
    expect((await edges.call(method, path, { as: edges.apiKey(tenantId), body })).status).toBe(403);
  });
});

describe('What was decided', () => {
  it.each(['payout_policy', 'payout_policy_minimum', 'payout_policy_approval', 'payout_stop', 'payout_freeze'])(
    'stands in %s for good',
    async (table) => {
      for (const sql of [`UPDATE ${table} SET tenant_id = tenant_id`, `DELETE FROM ${table}`]) {
        const code = await books.pool.query(sql).then(
          () => 'done',
          (error) => error.code,
        );
        expect([sql, code]).toEqual([sql, '42501']);
      }
    },
  );
});
