import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';
import { PaymentFingerprints } from '../src/fraud/payment-fingerprints.js';
import { asWebsiteId } from '../src/ids.js';

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

describe('POST /v1/purchases', () => {
  it('answers 201 with the commissions, total and house', async () => {
    const { people, key } = await edges.tenant(7);
    const body = sale(people[0]!, { occurredAt: '2026-06-01T13:59:00+02:00' });
    const { status, body: purchase, headers } = await edges.call('POST', '/v1/purchases', { as: key, body });
    expect(status).toBe(201);
    expect(headers.get('x-request-id')).toBeTruthy();
    expect(purchase).toMatchObject({
      externalId: body.externalId,
      buyerId: people[0],
      amount: usd('79.00'),
      stream: 'subscription',
      websiteId: null,
      occurredAt: '2026-06-01T11:59:00.000Z',
      plan: { id: 'standard', version: 1 },
      total: usd('49.77'),
      house: usd('29.23'),
      refunded: usd('0.00'),
      netTotal: usd('49.77'),
      netHouse: usd('29.23'),
    });
    expect(purchase.commissions.map((each: { amount: object }) => each.amount)).toEqual(
      ['15.80', '11.85', '7.90', '6.32', '3.95', '2.37', '1.58'].map(usd),
    );
    expect(purchase.commissions[0]).toMatchObject({
      kind: 'level',
      level: 1,
      beneficiaryId: people[1],
      rateBps: 2000,
      status: 'pending',
      reversed: usd('0.00'),
      net: usd('15.80'),
      availableAt: '2026-07-01T11:59:00.000Z',
    });
  });

  it('keeps of the card that paid only a fingerprint, once for a buyer, and never shows it', async () => {
    const { tenantId, people, key } = await edges.tenant();
    const post = async (paymentFingerprint: string) =>
      edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, { paymentFingerprint }) });
    const [first, second, other] = [await post('card_4242'), await post('card_4242'), await post('card_1881')];
    expect([first.status, second.status, other.status]).toEqual([201, 201, 201]);
    expect(JSON.stringify(first.body)).not.toContain('4242');
    const { rows } = await engine.pool.query(
      'SELECT buyer_id, purchase_id, fingerprint FROM buyer_payment WHERE tenant_id = $1 ORDER BY purchase_id',
      [tenantId],
    );
    expect(rows.map(({ purchase_id }) => purchase_id)).toEqual([first.body.id, other.body.id]);
    const payments = edges.get(PaymentFingerprints);
    expect(rows.map(({ fingerprint }) => Buffer.from(fingerprint).toString('hex'))).toEqual(
      ['card_4242', 'card_1881'].map((card) => Buffer.from(payments.of(tenantId, card)).toString('hex')),
    );
    expect(payments.of(engine.newTenant(), 'card_4242')).not.toEqual(payments.of(tenantId, 'card_4242'));
  });

  it('fifty times at once, each with a key of its own: one 201 and 49 times 200', async () => {
    const { people, key } = await edges.tenant();
    const body = sale(people[0]!);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => edges.call('POST', '/v1/purchases', { as: key, body })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(49);
    expect(new Set(answers.map(({ body: { id } }) => id)).size).toBe(1);
  });

  it('fifty times at once with one key: the first answer each time, marked as replayed', async () => {
    const { people, key } = await edges.tenant();
    const body = sale(people[0]!);
    const call = () => edges.call('POST', '/v1/purchases', { as: key, body, key: 'one key' });
    const answers = await Promise.all(Array.from({ length: 50 }, call));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
    const later = await call();
    expect(later.body).toEqual(answers[0]!.body);
    const spelled = { ...body, amount: usd('79') };
    expect((await edges.call('POST', '/v1/purchases', { as: key, body: spelled, key: 'one key' })).status).toBe(201);
    const other = await edges.call('POST', '/v1/purchases', {
      as: key,
      body: { ...body, amount: usd('80') },
      key: 'one key',
    });
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
  });

  it('refused leaves its key free', async () => {
    const { people, key } = await edges.tenant();
    const unknown = sale(engine.newId());
    const refused = await edges.call('POST', '/v1/purchases', { as: key, body: unknown, key: 'again' });
    expect([refused.status, refused.body.code]).toEqual([404, 'BUYER_UNKNOWN']);
    const taken = sale(people[0]!);
    await edges.call('POST', '/v1/purchases', { as: key, body: taken });
    const conflict = await edges.call('POST', '/v1/purchases', {
      as: key,
      body: { ...taken, stream: 'usage' },
      key: 'again',
    });
    expect([conflict.status, conflict.body.code]).toEqual([409, 'PURCHASE_CONFLICT']);
    expect((await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!), key: 'again' })).status).toBe(
      201,
    );
  });

  const bad: [string, object, string][] = [
    ['an unknown field', { colour: 'red' }, 'colour'],
    ['no amount', { amount: undefined }, 'amount'],
    ['an amount of zero', { amount: usd('0') }, 'amount.amount'],
    ['a negative amount', { amount: usd('-1') }, 'amount.amount'],
    ['too many digits', { amount: usd('1.0000001') }, 'amount.amount'],
    ['an amount above the limit', { amount: usd('1000000000.01') }, 'amount.amount'],
    ['a number as the amount', { amount: { amount: 79, currency: 'USD' } }, 'amount.amount'],
    ['a currency that is none', { amount: { amount: '1', currency: 'XAU' } }, 'amount.currency'],
    ['a buyer that is no id', { buyerId: 'nobody' }, 'buyerId'],
    ['an empty external id', { externalId: '' }, 'externalId'],
    ['an external id too long', { externalId: 'x'.repeat(201) }, 'externalId'],
    ['a control character in the external id', { externalId: 'a\u0007b' }, 'externalId'],
    ['a stream that is no slug', { stream: 'Subscription' }, 'stream'],
    ['a time that is none', { occurredAt: 'yesterday' }, 'occurredAt'],
    ['a time before all time', { occurredAt: '0000-01-01T00:00:00Z' }, 'occurredAt'],
    ['an empty payment fingerprint', { paymentFingerprint: '' }, 'paymentFingerprint'],
    ['a payment fingerprint too long', { paymentFingerprint: 'x'.repeat(201) }, 'paymentFingerprint'],
    ['metadata too large', { metadata: { text: 'x'.repeat(5000) } }, 'metadata'],
  ];
  it.each(bad)('with %s is 400 and names the field', async (_, wrong, path) => {
    const { people, key } = await edges.tenant(0);
    const { status, body } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, wrong) });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  it.each([
    ['a future time', { occurredAt: new Date(START.getTime() + 300_001).toISOString() }, 422, 'OCCURRED_AT_IN_FUTURE'],
    [
      'an old time without the scope',
      { occurredAt: new Date(START.getTime() - 86_400_001).toISOString() },
      403,
      'SCOPE_MISSING',
    ],
    ['an unknown website', { websiteId: '0197d7a0-0000-7000-8000-000000000000' }, 404, 'WEBSITE_UNKNOWN'],
  ])('with %s is refused', async (_, other, status, code) => {
    const { tenantId, people } = await edges.tenant(0);
    const key = edges.apiKey(tenantId, ['purchases:write']);
    const answer = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, other) });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('through a website that cannot be asked about is 503 with Retry-After, and records nothing', async () => {
    const { people, key } = await edges.tenant(0);
    edges.neighbours.findWebsite = () => Promise.reject(new DomainError('UNAVAILABLE'));
    const body = sale(people[0]!, { websiteId: engine.newId() });
    const answer = await edges.call('POST', '/v1/purchases', { as: key, body });
    edges.neighbours.findWebsite = () => Promise.resolve(undefined);
    expect([answer.status, answer.body.code]).toEqual([503, 'UNAVAILABLE']);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await edges.call('GET', `/v1/purchases?externalId=${body.externalId}`, { as: key })).status).toBe(404);
  });

  it('needs an Idempotency-Key, and checks who calls before what they say', async () => {
    const { tenantId, people, key } = await edges.tenant(0);
    const partner = await edges.person(tenantId, people[0]!);
    const reader = edges.apiKey(tenantId, ['purchases:read']);
    const outcome = async (options: Parameters<Edges['call']>[2]) => {
      const { status, body } = await edges.call('POST', '/v1/purchases', { body: { nonsense: true }, ...options });
      return [status, body.code];
    };
    expect(await outcome({})).toEqual([401, 'UNAUTHENTICATED']);
    expect(await outcome({ as: 'Bearer dd_unknown' })).toEqual([401, 'UNAUTHENTICATED']);
    expect(await outcome({ as: partner })).toEqual([403, 'FORBIDDEN']);
    expect(await outcome({ as: reader })).toEqual([403, 'SCOPE_MISSING']);
    expect(await outcome({ as: key, headers: { 'content-type': 'text/plain' } })).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ]);
    expect(await outcome({ as: key, body: '{"broken' })).toEqual([400, 'MALFORMED_REQUEST']);
    expect(await outcome({ as: key, body: sale(people[0]!), key: null })).toEqual([400, 'IDEMPOTENCY_KEY_REQUIRED']);
  });

  it('pays the owner of the website, learnt on the spot', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const ownerId = await engine.join(tenantId);
    edges.neighbours.findWebsite = (_, websiteId) => Promise.resolve({ tenantId, websiteId, ownerId });
    const websiteId = asWebsiteId(engine.newId());
    const { body } = await edges.call('POST', '/v1/purchases', {
      as: key,
      body: sale(people[0]!, { websiteId, amount: usd('100') }),
    });
    edges.neighbours.findWebsite = () => Promise.resolve(undefined);
    expect(
      body.commissions.map((each: { kind: string; level: number; amount: object }) => [
        each.kind,
        each.level,
        each.amount,
      ]),
    ).toEqual([
      ['website_bonus', null, usd('5.00')],
      ['level', 1, usd('20.00')],
    ]);
  });
});

describe('GET /v1/purchases', () => {
  it('shows the purchase as it stands, by both its ids, to keys that may read and to finance', async () => {
    const { tenantId, people, key } = await edges.tenant();
    const body = sale(people[0]!, { metadata: { invoice: 7 } });
    const { body: created } = await edges.call('POST', '/v1/purchases', { as: key, body });
    await edges.call('POST', `/v1/purchases/${created.id}/refunds`, {
      as: key,
      body: { externalId: engine.newId(), amount: usd('39.50'), reason: 'requested' },
    });
    const finance = await edges.person(tenantId, people[1]!, ['finance']);
    for (const as of [key, finance]) {
      for (const path of [
        `/v1/purchases/${created.id}`,
        `/v1/purchases?externalId=${encodeURIComponent(body.externalId)}`,
      ]) {
        const { status, body: found } = await edges.call('GET', path, { as });
        expect(status).toBe(200);
        expect(found).toMatchObject({
          id: created.id,
          total: created.total,
          house: created.house,
          metadata: { invoice: 7 },
          refunded: usd('39.50'),
          netTotal: usd('13.825'),
          netHouse: usd('25.675'),
        });
      }
    }
    const partner = await edges.person(tenantId, people[1]!);
    expect((await edges.call('GET', `/v1/purchases/${created.id}`, { as: partner })).status).toBe(403);
  });

  it.each([
    ['/v1/purchases', 400],
    ['/v1/purchases?externalId=unknown', 404],
    ['/v1/purchases?externalId=a&colour=red', 400],
    ['/v1/purchases/not-an-id', 400],
    ['/v1/purchases/0197d7a0-0000-7000-8000-000000000000', 404],
  ])('%s is %i', async (path, status) => {
    const { key } = await edges.tenant(0);
    expect((await edges.call('GET', path, { as: key })).status).toBe(status);
  });
});

describe('/v1/purchases/{id}/refunds', () => {
  it('records, replays, answers the same refund again, lists', async () => {
    const { people, key } = await edges.tenant();
    const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
    const path = `/v1/purchases/${purchase.id}/refunds`;
    const body = { externalId: 'refund', amount: usd('7.90'), reason: 'requested' };
    const first = await edges.call('POST', path, { as: key, body, key: 'k' });
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ purchaseId: purchase.id, amount: usd('7.90') });
    expect(first.body.reversals).toEqual([
      {
        commissionId: purchase.commissions[0].id,
        kind: 'level',
        level: 1,
        beneficiaryId: people[1],
        reversed: usd('1.58'),
        net: usd('14.22'),
      },
      {
        commissionId: purchase.commissions[1].id,
        kind: 'level',
        level: 2,
        beneficiaryId: people[2],
        reversed: usd('1.185'),
        net: usd('10.665'),
      },
    ]);
    const replay = await edges.call('POST', path, { as: key, body, key: 'k' });
    expect([replay.status, replay.headers.get('idempotency-replayed'), replay.body]).toEqual([201, 'true', first.body]);
    const again = await edges.call('POST', path, { as: key, body });
    expect([again.status, again.body]).toEqual([200, first.body]);
    const rest = await edges.call('POST', path, { as: key, body: { externalId: 'rest', reason: 'chargeback' } });
    expect(rest.body.amount).toEqual(usd('71.10'));
    const { body: list } = await edges.call('GET', `${path}?pageSize=1`, { as: key });
    const { body: next } = await edges.call('GET', `${path}?pageSize=1&pageToken=${list.nextPageToken}`, { as: key });
    expect([...list.items, ...next.items]).toEqual([first.body, rest.body]);
    expect(next.nextPageToken).toBeUndefined();
  });

  it.each([
    ['too much', { externalId: 'a', amount: usd('79.01'), reason: 'requested' }, 422, 'REFUND_EXCEEDS_PURCHASE'],
    [
      'another currency',
      { externalId: 'a', amount: { amount: '1', currency: 'EUR' }, reason: 'requested' },
      422,
      'CURRENCY_MISMATCH',
    ],
    ['nothing', { externalId: 'a', amount: usd('0.00'), reason: 'requested' }, 400, 'VALIDATION_FAILED'],
    ['an unknown reason', { externalId: 'a', reason: 'mood' }, 400, 'VALIDATION_FAILED'],
  ])('of %s is refused', async (_, body, status, code) => {
    const { people, key } = await edges.tenant();
    const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
    const answer = await edges.call('POST', `/v1/purchases/${purchase.id}/refunds`, { as: key, body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('of an unknown purchase is 404', async () => {
    const { key } = await edges.tenant(0);
    const path = `/v1/purchases/${engine.newId()}/refunds`;
    const answer = await edges.call('POST', path, { as: key, body: { externalId: 'a', reason: 'requested' } });
    expect([answer.status, answer.body.code]).toEqual([404, 'PURCHASE_UNKNOWN']);
    expect((await edges.call('GET', path, { as: key })).status).toBe(404);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
