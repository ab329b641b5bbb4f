import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId, UserId } from '../src/ids.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Firm {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly proposer: string;
  readonly approver: string;
}

/** Somebody was paid 50.00 that were then taken back: 50.00 below zero. */
async function indebted(): Promise<Firm> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  const life = await books.earn(tenantId, personId, '50.00');
  const methodId = await books.addMethod(tenantId, personId);
  await books.request({ tenantId, personId, methodId, amount: '50.00' });
  await books.work();
  life.refund(life.leftMicros);
  await books.live(life);
  const finance = () => edges.person(tenantId, books.newPerson(), ['finance']);
  return { tenantId, personId, proposer: await finance(), approver: await finance() };
}

const PATH = '/v1/ledger/adjustments';
const propose = ({ proposer }: Firm, body: object, key?: string) =>
  edges.call('POST', PATH, { as: proposer, body, key });
const approve = ({ approver }: Firm, id: string) => edges.call('POST', `${PATH}/${id}/approve`, { as: approver });
const writeOff = ({ personId }: Firm, amount: string) => ({
  kind: 'writeOff',
  personId,
  amount: usd(amount),
  reason: 'left for good',
});
const fee = { kind: 'transfer', debit: 'payout_fees', credit: 'cash', amount: usd('2.50'), reason: 'the bank’s fee' };

async function balanceOf(firm: Firm, kind: string): Promise<string | undefined> {
  const { body } = await edges.call('GET', `/v1/ledger/accounts?kind=${kind}`, { as: firm.approver });
  return body.items[0]?.balance.amount;
}

const breaks = ({ tenantId }: Firm) => books.breaks(tenantId);

describe('A negative balance', () => {
  it('is written off by two persons of finance, as bad debt', async () => {
    const firm = await indebted();
    const negative = await edges.call('GET', '/v1/ledger/accounts?negative=true&kind=available', { as: firm.proposer });
    expect(negative.body.items).toMatchObject([{ ownerId: firm.personId, balance: usd('-50.00') }]);

    const proposed = await propose(firm, { ...writeOff(firm, '30.00'), effectiveAt: '2026-01-15T00:00:00Z' });
    expect([proposed.status, proposed.body]).toMatchObject([201, { status: 'proposed', amount: usd('30.00') }]);
    expect(await balanceOf(firm, 'available')).toBe('-50.00');

    const { id } = proposed.body;
    const own = await edges.call('POST', `${PATH}/${id}/approve`, { as: firm.proposer });
    expect([own.status, own.body.code]).toEqual([403, 'SELF_APPROVAL']);
    const both = await Promise.all([approve(firm, id), approve(firm, id)]);
    expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 409]));

    expect([await balanceOf(firm, 'available'), await balanceOf(firm, 'bad_debt')]).toEqual(['-20.00', '-30.00']);
    expect(await breaks(firm)).toEqual([]);
    const { body } = await edges.call('GET', `${PATH}/${id}`, { as: firm.proposer });
    expect(body).toMatchObject({ status: 'approved', journalId: expect.any(String), decidedBy: expect.any(String) });
    const statement = await edges.call('GET', `/v1/ledger/accounts/${negative.body.items[0].id}/statement`, {
      as: firm.proposer,
    });
    expect(statement.body.items[0]).toMatchObject({
      id: body.journalId,
      amount: usd('30.00'),
      cause: { event: 'NegativeBalanceWrittenOff', adjustmentId: id, reason: 'left for good' },
      occurredAt: '2026-01-15T00:00:00.000Z',
      recordedAt: books.clock.now().toISOString(),
    });
  });

  it('is never written off past zero, also when earnings came between', async () => {
    const firm = await indebted();
    const much = await propose(firm, writeOff(firm, '50.000001'));
    expect([much.status, much.body.errors]).toMatchObject([400, [{ path: 'amount.amount' }]]);
    const { body } = await propose(firm, writeOff(firm, '50.00'));
    await books.earn(firm.tenantId, firm.personId, '0.01');
    const late = await approve(firm, body.id);
    expect([late.status, late.body.code]).toEqual([409, 'CONFLICT']);
    expect(await balanceOf(firm, 'available')).toBe('-49.99');
    const rejected = await edges.call('POST', `${PATH}/${body.id}/reject`, {
      as: firm.proposer,
      body: { reason: 'earns again' },
    });
    expect(rejected.body).toMatchObject({ status: 'rejected', decisionReason: 'earns again' });
    expect((await approve(firm, body.id)).status).toBe(409);
  });
});

describe('A reversal', () => {
  it('takes an adjustment back, leg by leg, and once', async () => {
    const firm = await indebted();
    const off = await propose(firm, writeOff(firm, '50.00'));
    const { journalId } = (await approve(firm, off.body.id)).body;
    const [one, two] = [
      await propose(firm, { kind: 'reversal', journalId, reason: 'came back' }),
      await propose(firm, { kind: 'reversal', journalId, reason: 'again' }),
    ];
    expect((await approve(firm, one.body.id)).body).toMatchObject({ status: 'approved', reverses: journalId });
    expect((await approve(firm, two.body.id)).body.code).toBe('CONFLICT');
    const journal = await edges.call('GET', `/v1/ledger/journals/${journalId}`, { as: firm.approver });
    expect(journal.body).toMatchObject({
      cause: { adjustmentId: off.body.id },
      postings: [{ account: 'available', ownerId: firm.personId, amount: usd('50.00') }, { account: 'bad_debt' }],
      reversedBy: expect.any(String),
      correctedBy: [],
    });
    expect([await balanceOf(firm, 'available'), await balanceOf(firm, 'bad_debt')]).toEqual(['-50.00', '0.00']);
    expect(await breaks(firm)).toEqual([]);
  });

  it('of a journal of a purchase or a payout is refused: the books follow the facts', async () => {
    const firm = await indebted();
    const { rows } = await books.pool.query<{ id: string }>('SELECT id FROM journal WHERE tenant_id = $1', [
      firm.tenantId,
    ]);
    expect(rows.length).toBeGreaterThan(3);
    for (const { id: journalId } of rows) {
      const { status, body } = await propose(firm, { kind: 'reversal', journalId, reason: 'x' });
      expect([status, body.code]).toEqual([409, 'CONFLICT']);
    }
  });
});

describe('A transfer between accounts of the house', () => {
  it('is booked once approved, and names the journal that it corrects', async () => {
    const firm = await indebted();
    const first = await approve(firm, (await propose(firm, fee)).body.id);
    expect([await balanceOf(firm, 'payout_fees'), await balanceOf(firm, 'cash')]).toEqual(['-2.50', '52.50']);
    const more = { ...fee, amount: usd('0.50'), corrects: first.body.journalId };
    const second = await approve(firm, (await propose(firm, more)).body.id);
    expect(second.body).toMatchObject({ status: 'approved', corrects: first.body.journalId });
    expect(await balanceOf(firm, 'payout_fees')).toBe('-3.00');
    expect(await breaks(firm)).toEqual([]);
    const list = await edges.call('GET', `${PATH}?status=approved&pageSize=1`, { as: firm.approver });
    expect([list.body.items.map(({ id }: { id: string }) => id), typeof list.body.nextPageToken]).toEqual([
      [second.body.id],
      'string',
    ]);
  });
});

describe('What cannot be proposed', () => {
  it.each([
    ['nothing', {}],
    ['no amount', { ...fee, amount: usd('0.00') }],
    ['an account with itself', { ...fee, credit: 'payout_fees' }],
    ['a person’s account', { ...fee, debit: 'available' }],
    ['no reason', { ...fee, reason: ' ' }],
    ['a fact ahead', { ...fee, effectiveAt: '2999-01-01T00:00:00Z' }],
    ['an unknown field', { ...fee, journalId: '00000000-0000-7000-8000-000000000001' }],
  ])('%s is refused, and nothing is written', async (_, body) => {
    const tenantId = books.newTenant();
    const as = await edges.person(tenantId, books.newPerson(), ['finance']);
    const answer = await edges.call('POST', PATH, { as, body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect((await edges.call('GET', PATH, { as })).body.items).toEqual([]);
  });

  it('needs somebody of finance, a key, and things of the own tenant', async () => {
    const firm = await indebted();
    for (const [roles, statuses] of [
      [['partner'], [403, 403]],
      [['support'], [403, 200]],
    ] as const) {
      const as = await edges.person(firm.tenantId, books.newPerson(), roles);
      const answers = [await edges.call('POST', PATH, { as, body: fee }), await edges.call('GET', PATH, { as })];
      expect(answers.map(({ status }) => status)).toEqual(statuses);
    }
    expect((await edges.call('POST', PATH, { as: firm.proposer, body: fee, key: null })).body.code).toBe(
      'IDEMPOTENCY_KEY_REQUIRED',
    );
    const other = await indebted();
    expect((await propose(other, writeOff(firm, '1.00'))).status).toBe(404);
    const { journalId } = (await approve(firm, (await propose(firm, fee)).body.id)).body;
    expect((await propose(other, { kind: 'reversal', journalId, reason: 'x' })).status).toBe(404);
    expect((await propose(other, { ...fee, corrects: journalId })).status).toBe(404);
    const eur = { ...fee, corrects: journalId, amount: { amount: '1.00', currency: 'EUR' } };
    expect((await propose(firm, eur)).body.code).toBe('CURRENCY_MISMATCH');
    const twice = [await propose(firm, fee, 'one-key'), await propose(firm, fee, 'one-key')];
    expect(new Set(twice.map(({ body }) => body.id)).size).toBe(1);
  });
});
