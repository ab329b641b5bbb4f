import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, get, post } from './gateway.js';
import type { Purchase, Site } from './wire.js';
import {
  at,
  money,
  newKey,
  openTenant,
  type Person,
  publishSite,
  readPurchase,
  record,
  registerChain,
  sale,
  type Tenant,
} from './world.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of 79.00 under the standard plan, level 1 first. */
const SEVEN_LEVELS = ['15.80', '11.85', '7.90', '6.32', '3.95', '2.37', '1.58'];

let tenant: Tenant;
/** Everybody was brought in by the one before; the last one buys. */
let chain: Person[];
let buyer: Person;
let key: string;
let backdating: string;
let site: Site;

beforeAll(async () => {
  tenant = await openTenant('purchases');
  chain = await registerChain(tenant, 8);
  buyer = at(chain, 7);
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  backdating = (await newKey(tenant, 'purchases:write', 'purchases:backdate')).key;
  site = await publishSite(at(chain, 6));
});

const tell = (json: unknown, options: { key?: string | null; as?: string } = {}) =>
  post<Purchase>('/v1/purchases', { as: options.as ?? key, json, ...('key' in options ? { key: options.key } : {}) });

describe('a purchase of 79.00', () => {
  it('pays seven levels, and the rest is the house’s', async () => {
    const json = sale(buyer);
    const answer = await tell(json);
    expect(answer.status).toBe(201);
    const purchase = answer.body;
    expect(purchase).toMatchObject({
      externalId: json['externalId'],
      buyerId: buyer.id,
      amount: money('79.00'),
      stream: 'subscription',
      plan: { id: 'standard', version: 1 },
      total: money('49.77'),
      house: money('29.23'),
    });
    const upline = chain.slice(0, 7).toReversed();
    expect(purchase.commissions.length).toBe(7);
    purchase.commissions.forEach((commission, index) => {
      expect(commission).toMatchObject({
        kind: 'level',
        level: index + 1,
        beneficiaryId: at(upline, index).id,
        amount: money(at(SEVEN_LEVELS, index)),
        reversed: money('0.00'),
        net: money(at(SEVEN_LEVELS, index)),
        status: 'pending',
      });
      const holdMs = Date.parse(commission.availableAt) - Date.parse(purchase.occurredAt);
      expect(holdMs).toBe(30 * DAY_MS);
    });
    expect(Math.abs(Date.parse(purchase.occurredAt) - Date.now())).toBeLessThan(60_000);
  });

  it('is read again as it stands, by its id and by the client’s own', async () => {
    const purchase = await record(key, buyer, { metadata: { invoice: 'A-17' } });
    const byId = await readPurchase(key, purchase.id);
    expect(byId).toMatchObject({
      ...purchase,
      refunded: money('0.00'),
      netTotal: money('49.77'),
      netHouse: money('29.23'),
    });
    const query = new URLSearchParams({ externalId: purchase.externalId }).toString();
    expect(expecting(200, await get(`/v1/purchases?${query}`, { as: key }))).toEqual(byId);
    expect((await get(`/v1/purchases/${purchase.id}`, { as: tenant.owner.token })).status).toBe(200);
  });

  it('through a website pays its owner the bonus as well, first in the list', async () => {
    const purchase = await record(key, buyer, { websiteId: site.id });
    const [bonus, ...levels] = purchase.commissions;
    expect(bonus).toMatchObject({
      kind: 'website_bonus',
      level: null,
      beneficiaryId: at(chain, 6).id,
      amount: money('3.95'),
    });
    expect(levels.map(({ amount }) => amount.amount)).toEqual(SEVEN_LEVELS);
    expect([purchase.total, purchase.house]).toEqual([money('53.72'), money('25.28')]);
  });

  it('through the buyer’s own website pays no bonus', async () => {
    const purchase = await record(key, at(chain, 6), { websiteId: site.id });
    expect(purchase.commissions.map(({ kind }) => kind)).toEqual(Array.from({ length: 6 }, () => 'level'));
  });

  it('by somebody whom nobody brought in is all the house’s', async () => {
    const purchase = await record(key, at(chain, 0));
    expect(purchase).toMatchObject({ commissions: [], total: money('0.00'), house: money('79.00') });
  });
});

describe('an amount', () => {
  it.each<[string, string, string[], string]>([
    ['0.000001', '0.000001', [], '0.000001'],
    ['0.05', '0.05', ['0.01', '0.0075', '0.005', '0.004', '0.0025', '0.0015', '0.001'], '0.0185'],
    [
      '1000000000',
      '1000000000.00',
      ['200000000.00', '150000000.00', '100000000.00', '80000000.00', '50000000.00', '30000000.00', '20000000.00'],
      '370000000.00',
    ],
    ['9.99', '9.99', ['1.998', '1.4985', '0.999', '0.7992', '0.4995', '0.2997', '0.1998'], '3.6963'],
  ])('of %s is split exactly', async (amount, answered, levels, house) => {
    const purchase = await record(key, buyer, { amount: money(amount) });
    expect(purchase.amount).toEqual(money(answered));
    expect(purchase.commissions.map((commission) => commission.amount.amount)).toEqual(levels);
    expect(purchase.house).toEqual(money(house));
  });

  it.each<[string, unknown, string]>([
    ['zero', money('0'), 'amount.amount'],
    ['zero with digits', money('0.00'), 'amount.amount'],
    ['negative', money('-79.00'), 'amount.amount'],
    ['with a sign', money('+79.00'), 'amount.amount'],
    ['with an exponent', money('7.9e1'), 'amount.amount'],
    ['with a leading zero', money('079.00'), 'amount.amount'],
    ['without digits after the point', money('79.'), 'amount.amount'],
    ['without digits before the point', money('.79'), 'amount.amount'],
    ['with seven fraction digits', money('79.0000001'), 'amount.amount'],
    ['with a comma', money('79,00'), 'amount.amount'],
    ['with a blank', money(' 79.00'), 'amount.amount'],
    ['with a line break', money('79.00\n'), 'amount.amount'],
    ['in other digits than ASCII’s', money('７９.00'), 'amount.amount'],
    ['that is empty', money(''), 'amount.amount'],
    ['that is no number', money('NaN'), 'amount.amount'],
    ['past the largest', money('1000000000.01'), 'amount.amount'],
    ['with eleven digits', money('10000000000'), 'amount.amount'],
    ['that is a JSON number', { amount: 79, currency: 'USD' }, 'amount.amount'],
    ['without a currency', { amount: '79.00' }, 'amount.currency'],
    ['in small letters', money('79.00', 'usd'), 'amount.currency'],
    ['in gold', money('79.00', 'XAU'), 'amount.currency'],
    ['in a test currency', money('79.00', 'XTS'), 'amount.currency'],
    ['in a currency of the past', money('79.00', 'DEM'), 'amount.currency'],
    ['with a field that nobody knows', { ...money('79.00'), cents: 7900 }, 'amount.cents'],
    ['that is a text', '79.00', 'amount'],
    ['that is null', null, 'amount'],
  ])('%s is refused, and the problem says where', async (_what, amount, path) => {
    const { status, body } = await tell(sale(buyer, { amount }));
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED', errors: [{ path }] }]);
  });

  it('may be in yen or in dinars', async () => {
    const yen = await record(key, buyer, { amount: money('1000', 'JPY') });
    expect(yen).toMatchObject({ total: money('630.00', 'JPY'), house: money('370.00', 'JPY') });
    const dinars = await record(key, buyer, { amount: money('1.001', 'KWD') });
    expect(at(dinars.commissions, 0).amount).toEqual(money('0.2002', 'KWD'));
  });
});

describe('a purchase is refused', () => {
  it.each<[string, object, string]>([
    ['no externalId', { externalId: undefined }, 'externalId'],
    ['an empty externalId', { externalId: '' }, 'externalId'],
    ['an externalId of 201 characters', { externalId: 'x'.repeat(201) }, 'externalId'],
    ['a buyer that is no id', { buyerId: 'somebody' }, 'buyerId'],
    ['a stream with capitals', { stream: 'Subscription' }, 'stream'],
    ['a stream of 65 characters', { stream: 's'.repeat(65) }, 'stream'],
    ['no stream', { stream: undefined }, 'stream'],
    ['a website that is no id', { websiteId: 'my-site' }, 'websiteId'],
    ['a time that is none', { occurredAt: 'yesterday' }, 'occurredAt'],
    ['a time without a zone', { occurredAt: '2025-06-01T12:00:00' }, 'occurredAt'],
    ['metadata over 4 KiB', { metadata: { note: 'x'.repeat(4096) } }, 'metadata'],
    ['metadata that is a list', { metadata: ['x'] }, 'metadata'],
    ['a field that nobody knows', { referrerId: randomUUID() }, 'referrerId'],
  ])('with %s', async (_what, wrong, path) => {
    const { status, body } = await tell(sale(buyer, wrong));
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED', errors: [{ path }] }]);
  });

  it('for a buyer that nobody knows', async () => {
    const { status, body } = await tell(sale({ id: randomUUID() }));
    expect([status, body]).toMatchObject([404, { code: 'BUYER_UNKNOWN' }]);
  });

  it('for a website that nobody knows, and nothing is recorded', async () => {
    const json = sale(buyer, { websiteId: randomUUID() });
    const { status, body } = await tell(json);
    expect([status, body]).toMatchObject([404, { code: 'WEBSITE_UNKNOWN' }]);
    const query = new URLSearchParams({ externalId: String(json['externalId']) }).toString();
    expect((await get(`/v1/purchases?${query}`, { as: key })).status).toBe(404);
  });

  it('when it is asked for and was never told', async () => {
    expect((await get(`/v1/purchases/${randomUUID()}`, { as: key })).status).toBe(404);
    expect((await get('/v1/purchases/not-an-id', { as: key })).status).toBe(400);
    expect((await get('/v1/purchases', { as: key })).status).toBe(400);
  });

  it('at its bounds it is taken', async () => {
    const externalId = 'é'.repeat(200 - 36) + randomUUID();
    const metadata = { note: 'x'.repeat(4096 - '{"note":""}'.length) };
    const purchase = await record(key, buyer, { externalId, metadata, stream: `s${'_9'.repeat(31)}z` });
    expect(purchase.externalId).toBe(externalId);
  });
});

describe('the time of a purchase', () => {
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString();

  it('may lie 23 hours back, and four minutes ahead', async () => {
    for (const occurredAt of [ago(23 * HOUR_MS), ago(-4 * 60_000)]) {
      const purchase = await record(key, buyer, { occurredAt });
      expect(purchase.occurredAt).toBe(occurredAt);
    }
  });

  it('lies further back only for a key that may backdate', async () => {
    const occurredAt = ago(25 * HOUR_MS);
    const refused = await tell(sale(buyer, { occurredAt }));
    expect([refused.status, refused.body]).toMatchObject([403, { code: 'SCOPE_MISSING' }]);
    const purchase = await record(backdating, buyer, { occurredAt });
    expect(Date.parse(at(purchase.commissions, 0).availableAt)).toBe(Date.parse(occurredAt) + 30 * DAY_MS);
  });

  it('before any plan there is no plan, and all of it is the house’s', async () => {
    const purchase = await record(backdating, buyer, { occurredAt: '1999-12-31T23:59:59.999Z' });
    expect(purchase).toMatchObject({ plan: null, commissions: [], total: money('0.00'), house: money('79.00') });
  });

  it.each([
    ['six minutes ahead', 6 * 60_000],
    ['a year ahead', 365 * DAY_MS],
  ])('is refused when it lies %s', async (_what, ms) => {
    const { status, body } = await tell(sale(buyer, { occurredAt: ago(-ms) }), { as: backdating });
    expect([status, body]).toMatchObject([422, { code: 'OCCURRED_AT_IN_FUTURE' }]);
  });

  it('is answered in UTC, in whatever zone it was told', async () => {
    const purchase = await record(backdating, buyer, { occurredAt: '2025-06-01T02:00:00+02:00' });
    expect(purchase.occurredAt).toBe('2025-06-01T00:00:00.000Z');
  });
});
