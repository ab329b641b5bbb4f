import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asPayoutId, type TenantId, type UserId } from '../src/ids.js';
import type { Finding } from '../src/payouts/screen.js';
import type { RailAnswer, RailReport } from '../src/rails/rail.js';
import { type Books, micros, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';
import { SPEC_BANK, SPEC_RAILS } from './spec-rail.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { rails: SPEC_RAILS, env: { PAYOUT_CANCEL_WINDOW_MS: '0' } });
});

afterEach(() => {
  books.screens = [];
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Office {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly as: string;
  readonly finance: string;
  readonly financeId: UserId;
  readonly support: string;
  readonly methodId: string;
}

/** A person with 100.00 and a sandbox method, whose payouts above 20.00 need an approval, and the staff. */
async function office(details: object = {}): Promise<Office> {
  const [tenantId, personId, financeId] = [books.newTenant(), books.newPerson(), books.newPerson()];
  await books.earn(tenantId, personId, '100.00');
  const as = await edges.person(tenantId, personId);
  const finance = await edges.person(tenantId, financeId, ['finance']);
  const support = await edges.person(tenantId, books.newPerson(), ['support']);
  const { body } = await edges.call('POST', '/v1/payout-methods', { as, body: { kind: 'sandbox', details } });
  const policy = { minimums: [], approvalsAbove: [usd('20.00')], reason: 'four eyes' };
  expect((await edges.call('PUT', '/v1/payout-policy', { as: finance, body: policy })).status).toBe(200);
  return { tenantId, personId, as, finance, financeId, support, methodId: body.id };
}

async function ask({ as, methodId }: Office, amount: string): Promise<string> {
  const { status, body } = await edges.call('POST', '/v1/payouts', { as, body: { amount: usd(amount), methodId } });
  expect(status).toBe(202);
  return body.id;
}

const look = async (as: string, id: string) => (await edges.call('GET', `/v1/payouts/${id}`, { as })).body;

const decide = (as: string, path: string, body: object = { reason: 'looked at it' }) =>
  edges.call('POST', `/v1/payouts/${path}`, { as, body });

const available = async ({ tenantId, personId }: Office) =>
  Number((await books.balance(tenantId, personId))?.availableMicros ?? 0n) / 1e6;

const finds = (...findings: Finding[]): void => {
  books.screens = [
    { findingsOf: (payouts) => Promise.resolve(new Map(payouts.map(({ id }) => [id, findings] as const))) },
  ];
};

const HIT: Finding = { source: 'screening', code: 'name_on_list', detail: 'The name is on a list.' };
const YOUNG: Finding = { source: 'risk', code: 'earnings_too_young', detail: 'Earned 2 days ago.' };

describe('A payout above the amount that needs an approval', () => {
  it('waits, is approved by somebody else of finance, and then is paid', async () => {
    const here = await office();
    const [small, large] = [await ask(here, '20.00'), await ask(here, '20.01')];
    expect((await books.work()).steps).toEqual(['settled']);
    expect((await look(here.as, small)).status).toBe('settled');
    expect(await look(here.as, large)).toMatchObject({ status: 'screened', underReview: true });
    const queue = await edges.call('GET', '/v1/payouts?status=screened', { as: here.support });
    expect(queue.body.items.map(({ id }: { id: string }) => id)).toEqual([large]);
    expect((await decide(here.support, `${large}/approve`)).status).toBe(403);
    expect((await decide(here.as, `${large}/approve`)).status).toBe(403);
    const approved = await decide(here.finance, `${large}/approve`);
    expect([approved.status, approved.body.status]).toEqual([200, 'approved']);
    const again = await decide(here.finance, `${large}/approve`);
    expect([again.status, again.body.code]).toEqual([409, 'PAYOUT_NOT_APPROVABLE']);
    expect((await books.work()).steps).toEqual(['settled']);
    const story = await look(here.support, large);
    expect(story.steps.map(({ step, by, note }: Record<string, string>) => [step, by, note])).toEqual([
      ['requested', here.personId, undefined],
      ['screened', undefined, undefined],
      ['approved', here.financeId, 'looked at it'],
      ['submitted', undefined, undefined],
      ['settled', undefined, undefined],
    ]);
    expect((await look(here.as, large)).steps[2].by).toBeUndefined();
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('does not leave in many small ones instead: what was asked for within 24 hours counts, unless somebody approved it', async () => {
    const here = await office();
    const { tenantId, personId } = here;
    const order = { tenantId, personId, methodId: here.methodId as never, amount: '9.00' };
    await books.request({ ...order, requestedBy: undefined });
    const first = await ask(here, '15.00');
    const [second, third] = [await ask(here, '5.00'), await ask(here, '0.01')];
    await books.work();
    const statuses = async () =>
      Promise.all([first, second, third].map(async (id) => (await look(here.as, id)).status));
    expect(await statuses()).toEqual(['settled', 'settled', 'screened']);
    await decide(here.finance, `${third}/approve`);
    books.clock.advance(86_400_000);
    const later = await ask(here, '20.00');
    await books.work();
    expect([...(await statuses()), (await look(here.as, later)).status]).toEqual(Array(4).fill('settled'));
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('is never approved by the person who is paid, also when that is finance', async () => {
    const here = await office();
    const id = await ask(here, '50.00');
    await books.work();
    const self = await edges.person(here.tenantId, here.personId, ['finance']);
    for (const how of ['approve', 'reject']) {
      const { status, body } = await decide(self, `${id}/${how}`);
      expect([status, body.code]).toEqual([403, 'SELF_APPROVAL']);
    }
    expect((await look(here.as, id)).status).toBe('screened');
  });

  it('is rejected: it has failed with the reason, and the money is available again', async () => {
    const here = await office();
    const id = await ask(here, '50.00');
    await books.work();
    expect((await decide(here.finance, `${id}/reject`, {})).status).toBe(400);
    const { status, body } = await decide(here.finance, `${id}/reject`);
    expect([status, body.status, body.reason]).toEqual([200, 'failed', 'rejected']);
    expect(await available(here)).toBe(100);
    expect(await books.published(id)).toEqual(['PayoutRequested', 'PayoutScreened', 'PayoutFailed']);
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('can still be cancelled by its person, and is nobody else’s', async () => {
    const [here, there] = [await office(), await office()];
    const id = await ask(here, '50.00');
    await books.work();
    expect((await decide(there.finance, `${id}/approve`)).status).toBe(404);
    expect((await look(there.finance, id)).status).toBe(404);
    expect((await edges.call('GET', `/v1/payouts?personId=${here.personId}`, { as: there.as })).status).toBe(403);
    const own = await edges.call('GET', `/v1/payouts?personId=${here.personId}`, { as: here.support });
    expect(own.body.items).toHaveLength(1);
    expect((await edges.call('POST', `/v1/payouts/${id}/cancel`, { as: here.as })).body.status).toBe('cancelled');
    expect(await available(here)).toBe(100);
  });
});

describe('A payout against which something speaks', () => {
  it('waits until every finding is cleared, and the person is not told the rules', async () => {
    const here = await office();
    finds(HIT, YOUNG);
    const id = await ask(here, '15.00');
    expect((await books.work()).steps).toEqual([]);
    const seen = await look(here.as, id);
    expect([seen.status, seen.underReview, seen.findings]).toEqual(['requested', true, undefined]);
    const { findings } = await look(here.support, id);
    expect(findings).toMatchObject([
      { position: 1, ...HIT },
      { position: 2, ...YOUNG },
    ]);
    const cleared = { decision: 'cleared', reason: 'another person of that name' };
    expect((await decide(here.finance, `${id}/findings/1/close`, cleared)).body.status).toBe('requested');
    const twice = await decide(here.finance, `${id}/findings/1/close`, cleared);
    expect([twice.status, twice.body.code]).toEqual([409, 'REVIEW_CLOSED']);
    expect((await decide(here.finance, `${id}/findings/3/close`, cleared)).status).toBe(404);
    expect((await decide(here.support, `${id}/findings/2/close`, cleared)).status).toBe(403);
    expect((await decide(here.finance, `${id}/findings/2/close`, cleared)).body.status).toBe('approved');
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('has failed when one is upheld, with the money available again', async () => {
    const here = await office();
    finds(HIT);
    const id = await ask(here, '15.00');
    await books.work();
    const { body } = await decide(here.finance, `${id}/findings/1/close`, { decision: 'upheld', reason: 'it is them' });
    expect([body.status, body.reason]).toEqual(['failed', 'review_upheld']);
    expect(await available(here)).toBe(100);
    expect((await look(here.finance, id)).findings[0].closed).toMatchObject({ decision: 'upheld', by: here.financeId });
  });

  it('waits for its approval, too, when its amount needs one', async () => {
    const here = await office();
    finds(YOUNG);
    const id = await ask(here, '40.00');
    await books.work();
    const { body } = await decide(here.finance, `${id}/findings/1/close`, { decision: 'cleared', reason: 'fine' });
    expect(body.status).toBe('screened');
  });
});

describe('Tax and fees', () => {
  it('are journals of their own, and a payout that fails gives the tax back', async () => {
    const here = await office({ feeAmount: '0.25' });
    const failing = await edges.call('POST', '/v1/payout-methods', {
      as: here.as,
      body: { kind: 'sandbox', details: { outcome: 'failed' } },
    });
    books.withholding = { bpsOf: () => Promise.resolve(new Map([[here.personId, 2_400]])) };
    const order = { tenantId: here.tenantId, personId: here.personId, amount: '9.99' };
    const [paid, failed] = [
      await books.request({ ...order, methodId: here.methodId as never }),
      await books.request({ ...order, methodId: failing.body.id }),
    ];
    books.withholding = { bpsOf: () => Promise.resolve(new Map()) };
    expect((await books.work()).steps.toSorted()).toEqual(['failed', 'settled']);
    expect(await look(here.as, paid.id)).toMatchObject({ withheld: usd('2.39'), fee: usd('0.25'), status: 'settled' });
    expect(await look(here.as, failed.id)).toMatchObject({ withheld: usd('2.39'), status: 'failed' });
    expect(await available(here)).toBe(90.01);
    expect((await books.balance(here.tenantId, here.personId))?.paidMicros).toBe(micros('7.60'));
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('a sandbox that refuses, is slow or loses answers says what its script says', async () => {
    const here = await office({ refuse: true });
    const refused = await ask(here, '1.00');
    expect((await books.work()).steps).toEqual(['failed']);
    expect((await look(here.as, refused)).reason).toBe('sandbox_refusal');
    const { body } = await edges.call('POST', '/v1/payout-methods', {
      as: here.as,
      body: { kind: 'sandbox', details: { delaySeconds: 3_600, loseAnswers: 1 } },
    });
    await ask({ ...here, methodId: body.id }, '1.00');
    expect((await books.work()).steps).toEqual(['unknown']);
    books.clock.advance(60_000);
    expect((await books.work()).steps).toEqual([]);
    books.clock.advance(3_600_000);
    expect((await books.work()).steps).toEqual(['settled']);
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });
});

describe('A rail of files', () => {
  const MADE_BY = ['submitted', 'submitted', 'submitted', 'approved'];

  async function bankPayouts(here: Office): Promise<string[]> {
    await books.earn(here.tenantId, here.personId, '100.00', 'EUR');
    const { body: method } = await edges.call('POST', '/v1/payout-methods', {
      as: here.as,
      body: { kind: 'sepa', details: { account: 'DE12345678' } },
    });
    const ids: string[] = [];
    for (const amount of ['1.00', '2.00', '3.00', '4.00']) {
      const body = { amount: { amount, currency: 'EUR' }, methodId: method.id };
      ids.push((await edges.call('POST', '/v1/payouts', { as: here.as, body })).body.id);
    }
    await books.work();
    return ids;
  }

  const told = (here: Office, reportId: string, reference: string, answer: Partial<RailAnswer>): RailReport => ({
    tenantId: here.tenantId,
    rail: 'sepa',
    reportId,
    reference: asPayoutId(reference),
    answer: { state: 'settled', reason: undefined, askAgainAfterMs: undefined, ...answer },
    amountMicros: undefined,
    currency: undefined,
    occurredAt: books.clock.now(),
  });

  it('puts payouts into batches whose file is always the same, and reports end them', async () => {
    const here = await office();
    const ids = await bankPayouts(here);
    await books.batch();
    const statuses = await Promise.all(ids.map(async (id) => (await look(here.as, id)).status));
    expect(statuses).toEqual(MADE_BY);
    const { body: list } = await edges.call('GET', '/v1/payout-batches', { as: here.finance });
    expect(list.items).toMatchObject([{ payments: 3, amount: { amount: '6.00', currency: 'EUR' }, rail: 'sepa' }]);
    const path = `/v1/payout-batches/${list.items[0].id}`;
    expect((await edges.call('POST', `${path}/sent`, { as: here.finance })).status).toBe(409);
    for (const as of [here.as, here.support])
      expect((await edges.call('GET', `${path}/file`, { as })).status).toBe(403);
    const files = await Promise.all([1, 2].map(() => edges.bytes(`${path}/file`, here.finance)));
    expect(files[1]).toEqual(files[0]);
    expect(files[0]).toBe(
      ids
        .slice(0, 3)
        .map((id, n) => `${id} ${n + 1}000000 DE12345678\n`)
        .join(''),
    );
    expect((await edges.call('POST', `${path}/sent`, { as: here.finance })).body.sent.by).toBe(here.financeId);
    expect((await edges.call('POST', `/v1/payouts/${ids[0]}/cancel`, { as: here.as })).status).toBe(409);

    const [one = '', two = '', three = '', four = ''] = ids;
    expect(
      await books.report(
        told(here, 'line 1', one, { feeMicros: 100_000n }),
        { ...told(here, 'line 2', two, {}), amountMicros: 1n, currency: currencyOf('EUR') },
        told(here, 'line 3', three, { state: 'returned', reason: 'AC04' }),
        told(here, 'line 4', four, {}),
        told(here, 'line 5', books.newId(), {}),
        told(here, 'line 1', one, {}),
      ),
    ).toEqual(['recorded', 'amount_mismatch', 'recorded', 'contradiction', 'unknown_reference', undefined]);
    expect(await books.report(told(here, 'line 3', three, { state: 'returned' }))).toEqual([undefined]);
    expect(await Promise.all(ids.map(async (id) => (await look(here.as, id)).status))).toEqual([
      'settled',
      'submitted',
      'returned',
      'approved',
    ]);
    expect((await look(here.as, one)).fee).toEqual({ amount: '0.10', currency: 'EUR' });
    expect((await look(here.as, three)).reason).toBe('AC04');
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });

  it('leaves nothing while payouts are stopped: not into a batch that is being made, nor by a file that was not sent', async () => {
    // What others have left over goes first.
    await books.batch();
    const here = await office();
    const ids = await bankPayouts(here);
    const stop = (stopped: boolean) =>
      edges.call('PUT', '/v1/payout-policy/stop', { as: here.finance, body: { stopped, reason: 'the bank is down' } });
    books.meanwhile = async () => void (await stop(true));
    await books.batch();
    books.meanwhile = () => Promise.resolve();
    const statuses = async () => Promise.all(ids.map(async (id) => (await look(here.as, id)).status));
    expect(await statuses()).toEqual(ids.map(() => 'approved'));
    await stop(false);
    await books.batch();
    expect(await statuses()).toEqual(MADE_BY);
    const { body } = await edges.call('GET', '/v1/payout-batches', { as: here.finance });
    const path = `/v1/payout-batches/${body.items[0].id}`;
    await stop(true);
    const refused = await edges.call('GET', `${path}/file`, { as: here.finance });
    expect([refused.status, refused.body.code]).toEqual([422, 'PAYOUTS_STOPPED']);
    await stop(false);
    expect((await edges.bytes(`${path}/file`, here.finance)).length).toBeGreaterThan(0);
    await edges.call('POST', `${path}/sent`, { as: here.finance });
    await stop(true);
    expect((await edges.bytes(`${path}/file`, here.finance)).length).toBeGreaterThan(0);
  });

  it('keeps nobody waiting for another tenant’s batch that cannot be made', async () => {
    await books.batch();
    const all = await Promise.all(
      [await office(), await office()].map(async (here) => ({ here, ids: await bankPayouts(here) })),
    );
    let groups = 0;
    books.meanwhile = async () => {
      groups += 1;
      if (groups === 1) throw new Error('a method was changed by hand');
    };
    await expect(books.batch()).rejects.toThrow('1 batches could not be made');
    books.meanwhile = () => Promise.resolve();
    const first: string[] = await Promise.all(
      all.map(async ({ here, ids }) => (await look(here.as, ids[0] ?? '')).status),
    );
    expect(first.toSorted()).toEqual(['approved', 'submitted']);
    await books.batch();
  });

  it('gives no file that is not what it was', async () => {
    const here = await office();
    await bankPayouts(here);
    await books.batch();
    const { body } = await edges.call('GET', '/v1/payout-batches', { as: here.finance });
    const path = `/v1/payout-batches/${body.items[0].id}/file`;
    const made = SPEC_BANK.makeFile.bind(SPEC_BANK);
    expect((await edges.bytes(path, here.finance)).length).toBeGreaterThan(0);
    SPEC_BANK.makeFile = (batch) => ({ ...made(batch), bytes: new Uint8Array([1]) });
    const changed = await edges.call('GET', path, { as: here.finance });
    SPEC_BANK.makeFile = made;
    expect([changed.status, changed.body.code]).toEqual([409, 'CONFLICT']);
  });

  it('a second payment of the rail for one payout is told, and moves nothing', async () => {
    const here = await office();
    const [id = ''] = await bankPayouts(here);
    await books.batch();
    expect(
      await books.report(
        told(here, 'first', id, { railReference: 'payment 1' }),
        told(here, 'again', id, { railReference: 'payment 1' }),
      ),
    ).toEqual(['recorded', 'recorded']);
    const back = { state: 'returned' as const, railReference: 'payment 2' };
    expect(await books.report(told(here, 'other', id, back))).toEqual(['contradiction']);
    expect((await look(here.as, id)).status).toBe('settled');
  });

  it('one report delivered by two at the same moment is stored and booked once', async () => {
    const here = await office();
    const [id = ''] = await bankPayouts(here);
    await books.batch();
    const both = await Promise.all([1, 2].map(() => books.report(told(here, 'twice', id, {}))));
    expect(both.flat().filter((applied) => applied === 'recorded')).toHaveLength(1);
    expect(await books.breaks(here.tenantId)).toEqual([]);
  });
});
