import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TenantId, UserId } from '../src/ids.js';
import type { Payout } from '../src/payouts/payout.js';
import { TaxFactsStore } from '../src/tax/tax-facts.store.js';
import { TaxWithholding } from '../src/tax/tax-screen.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { findingsOf } from './findings.js';
import { START } from './lives.js';

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

const address = { line1: '1 Main Street', city: 'Springfield', region: 'IL', postalCode: '62701' };
const w9 = {
  form: 'w9',
  name: 'Ann Lee',
  classification: 'individual',
  address,
  number: { type: 'ssn', value: '536-90-4399' },
  certified: true,
};
const w8ben = {
  form: 'w8ben',
  name: 'Ana Luz',
  birthDate: '1980-02-29',
  citizenship: 'BR',
  country: 'BR',
  address,
  foreignNumber: '390.533.447-05',
  treaty: { rateBps: 1_500, article: 'VII' },
  certified: true,
};
const eu = {
  form: 'eu',
  kind: 'individual',
  name: 'Anna Lang',
  birthDate: '1980-02-29',
  country: 'DE',
  address,
  number: '36 574 261 809',
  certified: true,
};

async function declare(tenantId: TenantId, personId: UserId, body: object): Promise<void> {
  const answer = await edges.call('PUT', '/v1/tax-record', { as: await edges.person(tenantId, personId), body });
  expect([answer.status, answer.body.code]).toEqual([200, undefined]);
}

const finance = (tenantId: TenantId) => edges.person(tenantId, books.newPerson(), ['finance']);

async function setPolicy(tenantId: TenantId, choice: object): Promise<void> {
  const body = { ...choice, reason: 'a spec' };
  expect((await edges.call('PUT', '/v1/tax-policy', { as: await finance(tenantId), body })).status).toBe(200);
}

/** The code that tax finds about each payout. */
async function found(...payouts: Payout[]): Promise<(string | undefined)[]> {
  return (await findingsOf(books, 'tax', payouts)).map(([code]) => code);
}

/** Pays a person who has earned enough; how the payment ends, the sandbox is told. */
async function pay(
  tenantId: TenantId,
  personId: UserId,
  amount: string,
  outcome: 'settled' | 'returned' = 'settled',
): Promise<void> {
  await books.earn(tenantId, personId, '9000.00');
  const methodId = await books.addMethod(tenantId, personId, { outcome });
  const payout = await books.request({ tenantId, personId, methodId, amount });
  for (let round = 0; round < 10 && (await books.payout(payout)).status !== outcome; round += 1) {
    books.clock.advance(60_000);
    await books.work();
  }
  expect((await books.payout(payout)).status).toBe(outcome);
}

const ask = async (tenantId: TenantId, personId: UserId, amount: string): Promise<Payout> => {
  await books.earn(tenantId, personId, '9000.00');
  return books.request({ tenantId, personId, methodId: await books.addMethod(tenantId, personId), amount });
};

describe('A tax record', () => {
  it.each([
    ['W-9', w9, { form: 'w9', status: 'w9', country: 'US', number: '•••• 4399', treatyRateBps: null, expiresAt: null }],
    ['W-9 without a number', { ...w9, number: undefined }, { status: 'w9_without_number', number: null }],
    [
      'W-8BEN',
      w8ben,
      { form: 'w8ben', status: 'w8ben', country: 'BR', treatyRateBps: 1_500, expiresAt: '2030-01-01T00:00:00.000Z' },
    ],
    ['EU', eu, { form: 'eu', status: 'eu', country: 'DE', number: '•••• 1809', expiresAt: null }],
  ])('is taken and shown without what is personal: %s', async (_, body, shown) => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const as = await edges.person(tenantId, personId);
    const answer = await edges.call('PUT', '/v1/tax-record', { as, body });
    expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ version: 1, ...shown })]);
    expect((await edges.call('GET', '/v1/tax-record', { as })).body).toEqual(answer.body);
    expect((await edges.call('GET', `/v1/tax-records/${personId}`, { as: await finance(tenantId) })).body).toEqual(
      answer.body,
    );
    expect(JSON.stringify(answer.body)).not.toMatch(/Ann|Ana|Main|Springfield|1980-/);
    const { rows } = await books.pool.query<{ row: string }>(
      `SELECT r::text || encode(r.sealed, 'escape') AS row FROM tax_record r WHERE r.person_id = $1`,
      [personId],
    );
    expect(rows.map(({ row }) => row).join()).not.toMatch(/Ann|Ana|Main|Springfield|1980-|904399|261809|533447/);
  });

  it('has versions, and is worth nothing after its last day', async () => {
    books.clock.set(START);
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    await declare(tenantId, personId, w9);
    await declare(tenantId, personId, w8ben);
    const read = async () =>
      (await edges.call('GET', `/v1/tax-records/${personId}`, { as: await finance(tenantId) })).body;
    books.clock.set(new Date('2029-12-31T23:59:59.000Z'));
    expect(await read()).toEqual(expect.objectContaining({ version: 2, status: 'w8ben' }));
    books.clock.set(new Date('2030-01-01T00:00:00.000Z'));
    expect(await read()).toEqual(expect.objectContaining({ version: 2, status: 'expired' }));
    books.clock.set(START);
  });

  it.each<[string, object, string]>([
    ['no form', { ...w9, form: undefined }, 'form'],
    ['another form', { ...w9, form: 'w4' }, 'form'],
    ['what nobody certified', { ...w9, certified: false }, 'certified'],
    ['an SSN that cannot be', { ...w9, number: { type: 'ssn', value: '666-12-3456' } }, 'number.value'],
    ['no address', { ...w9, address: undefined }, 'address'],
    ['a name of blanks', { ...w9, name: '  ' }, 'name'],
    ['a control character', { ...w9, name: 'Ann\u0007Lee' }, 'name'],
    ['a field that there is not', { ...w9, salary: 1 }, 'salary'],
    ['a US person’s W-8BEN', { ...w8ben, country: 'US' }, 'country'],
    ['no such country', { ...w8ben, country: 'ZZ' }, 'country'],
    ['a treaty to more than 30 %', { ...w8ben, treaty: { rateBps: 3_001, article: 'VII' } }, 'treaty.rateBps'],
    ['a country outside of the EU', { ...eu, country: 'CH' }, 'country'],
    ['another country’s number', { ...eu, country: 'FR' }, 'number'],
  ])('is refused with %s, and nothing is written', async (_, body, path) => {
    const as = await edges.person(books.newTenant(), books.newPerson());
    const answer = await edges.call('PUT', '/v1/tax-record', { as, body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect((await edges.call('GET', '/v1/tax-record', { as })).status).toBe(404);
  });

  it('is nobody else’s: another tenant’s is unknown, and partners see their own', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    await declare(tenantId, personId, w9);
    const path = `/v1/tax-records/${personId}`;
    expect((await edges.call('GET', path, { as: await finance(books.newTenant()) })).status).toBe(404);
    expect((await edges.call('GET', path, { as: await edges.person(tenantId, personId) })).status).toBe(403);
    const other = await edges.person(books.newTenant(), personId);
    expect((await edges.call('GET', '/v1/tax-record', { as: other })).status).toBe(404);
  });
});

describe('A payout that reaches the threshold of the year', () => {
  it('waits without a valid form; what was returned and other years do not count', async () => {
    books.clock.set(START);
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    await pay(tenantId, personId, '1500.00');
    await pay(tenantId, personId, '1500.00', 'returned');
    const [below, reached] = [await ask(tenantId, personId, '499.99'), await ask(tenantId, personId, '0.01')];
    expect(await found(below, reached)).toEqual([undefined, 'tax_form_missing']);
    books.clock.set(new Date('2027-01-01T00:00:00.000Z'));
    expect(await found(await ask(tenantId, personId, '1499.00'))).toEqual([undefined]);
    books.clock.set(START);
    await declare(tenantId, personId, { ...w9, number: undefined });
    expect(await found(reached)).toEqual(['tax_number_missing']);
    await declare(tenantId, personId, w9);
    expect(await found(below, reached)).toEqual([undefined, undefined]);
  });

  it('goes on where the tenant withholds for the lack, or does not ask', async () => {
    books.clock.set(START);
    const [tenantId, personId, other] = [books.newTenant(), books.newPerson(), books.newPerson()];
    const payout = await ask(tenantId, personId, '5000.00');
    await declare(tenantId, other, w8ben);
    const rates = async () =>
      Object.fromEntries(
        await new TaxWithholding(new TaxFactsStore(books.pool)).bpsOf(
          [personId, other].map((each) => ({ tenantId, personId: each })),
          START,
        ),
      );
    expect([await found(payout), await rates()]).toEqual([['tax_form_missing'], {}]);
    await setPolicy(tenantId, { withholdingBps: { none: 2_400, w8ben: 3_000 } });
    expect([await found(payout), await rates()]).toEqual([[undefined], { [personId]: 2_400, [other]: 1_500 }]);
    await setPolicy(tenantId, { missingForm: 'ignore' });
    expect([await found(payout), await rates()]).toEqual([[undefined], {}]);
  });
});

describe('PUT /v1/tax-policy', () => {
  it('sets a version; the thresholds of each year stand beside it', async () => {
    const tenantId = books.newTenant();
    await setPolicy(tenantId, { withholdingBps: { expired: 2_400 } });
    const { body } = await edges.call('GET', '/v1/tax-policy', { as: await finance(tenantId) });
    const rates = { none: 0, w9: 0, w9_without_number: 0, w8ben: 0, eu: 0, expired: 2_400 };
    const amount = (units: string) => ({ amount: units, currency: 'USD' });
    const thresholds = [
      { form: '1099-NEC', fromYear: 1990, amount: amount('600.00') },
      { form: '1099-NEC', fromYear: 2026, amount: amount('2000.00') },
    ];
    expect(body).toEqual({ version: 1, missingForm: 'review', withholdingBps: rates, thresholds });
  });

  it.each([
    ['more than all', { withholdingBps: { none: 10_001 }, reason: 'x' }, 'withholdingBps.none'],
    ['a status that there is not', { withholdingBps: { w10: 1 }, reason: 'x' }, 'withholdingBps.w10'],
    ['another action', { missingForm: 'shrug', reason: 'x' }, 'missingForm'],
    ['no reason', { missingForm: 'review' }, 'reason'],
  ])('refuses %s', async (_, body, path) => {
    const answer = await edges.call('PUT', '/v1/tax-policy', { as: await finance(books.newTenant()), body });
    expect([answer.status, answer.body.errors?.map((error: { path: string }) => error.path)]).toEqual([400, [path]]);
  });

  it('is for finance', async () => {
    const as = await edges.person(books.newTenant(), books.newPerson(), ['support']);
    expect((await edges.call('PUT', '/v1/tax-policy', { as, body: { reason: 'x' } })).status).toBe(403);
    expect((await edges.call('GET', '/v1/tax-policy', { as })).status).toBe(200);
  });
});

describe('GET /v1/tax-reports/{year}', () => {
  it('adds up what settled in the year and was not returned, by person and rail', async () => {
    books.clock.set(START);
    const tenantId = books.newTenant();
    const [one, two] = [books.newPerson(), books.newPerson()].toSorted((a, b) => (a < b ? -1 : 1)) as [UserId, UserId];
    await pay(tenantId, one, '100.00');
    await pay(tenantId, one, '50.50');
    await pay(tenantId, one, '20.00', 'returned');
    await pay(tenantId, two, '70.00');
    await declare(tenantId, two, w9);
    books.clock.set(new Date('2027-03-01T00:00:00.000Z'));
    await pay(tenantId, two, '5.00');
    books.clock.set(START);
    const as = await finance(tenantId);
    const usd = (amount: string) => ({ amount, currency: 'USD' });
    const none = { form: null, country: null, number: null };
    const line = { rail: 'sandbox', withheld: usd('0.00') };
    const first = { personId: one, ...none, ...line, payouts: 2, paid: usd('150.50') };
    const second = {
      personId: two,
      form: 'w9',
      country: 'US',
      number: '•••• 4399',
      ...line,
      payouts: 1,
      paid: usd('70.00'),
    };
    expect((await edges.call('GET', '/v1/tax-reports/2026', { as })).body).toEqual({
      year: 2026,
      lines: [first, second],
    });
    const csv = await edges.fetch('/v1/tax-reports/2026?format=csv', as);
    expect([csv.status, csv.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    expect((await csv.text()).split('\r\n')).toEqual([
      'personId,form,country,number,rail,currency,payouts,paid,withheld',
      `${one},,,,sandbox,USD,2,150.50,0.00`,
      `${two},w9,US,•••• 4399,sandbox,USD,1,70.00,0.00`,
      '',
    ]);
    expect((await edges.call('GET', '/v1/tax-reports/2025', { as })).body).toEqual({ year: 2025, lines: [] });
    const stranger = await finance(books.newTenant());
    expect((await edges.call('GET', '/v1/tax-reports/2026', { as: stranger })).body.lines).toEqual([]);
  });

  it('refuses what is no year or format, and who is not finance', async () => {
    const [tenantId, as] = [books.newTenant(), await finance(books.newTenant())];
    for (const path of ['20260', 'x', '1999', '2026?format=pdf']) {
      expect([path, (await edges.call('GET', `/v1/tax-reports/${path}`, { as })).status]).toEqual([path, 400]);
    }
    const support = await edges.person(tenantId, books.newPerson(), ['support']);
    expect((await edges.call('GET', '/v1/tax-reports/2026', { as: support })).status).toBe(403);
  });
});
