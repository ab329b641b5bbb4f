import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { outgoing } from '@dailydoco/events';
import { reportBankFacts } from '../src/bank-files/bank-files.module.js';
import type { TenantId, UserId } from '../src/ids.js';
import { notifying } from '../src/notifications/notifications.module.js';
import { payoutRound } from '../src/payouts/payout-work.module.js';
import { reconcileAsked } from '../src/reconciliation/reconciliation.module.js';
import { accountStatement, type BankEntry, nachaReturns, statusReport } from './bank.js';
import { type Books, startBooks, statesOf } from './books.js';
import { type Answered, type Edges, startEdges } from './edges.js';
import type { Life } from './lives.js';
import { objectionsTo } from './schemas.js';
import { received } from './wire.js';

// Payouts to bank accounts as their people see them: everything is asked for and decided over HTTP, the real screens and
// rails work on it, and only the bank is played.

const HOUSE = 'DE89370400440532013000';
const IBAN = 'FR14 2004 1010 0505 0001 3M02 606';
const DAY_MS = 86_400_000;
const SETTINGS = {
  SEPA_DEBTOR_NAME: 'Growth GmbH',
  SEPA_DEBTOR_IBAN: HOUSE,
  ACH_BANK_ROUTING_NUMBER: '121042882',
  ACH_BANK_NAME: 'A bank',
  ACH_COMPANY_NAME: 'Growth Inc.',
  ACH_COMPANY_ID: '1123456789',
  PAYOUT_CANCEL_WINDOW_MS: '0',
};
const DETAILS = {
  sepa: { name: 'Zoë Partner', iban: IBAN },
  ach: { name: 'Zoë Partner', routingNumber: '231380104', accountNumber: '744-5678', accountType: 'checking' },
};

let books: Books;
let edges: Edges;
const lives: Life[] = [];

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { states: statesOf(() => lives), env: SETTINGS });
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Office {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly currency: string;
  /** The partner, who has 1000.00. */
  readonly as: string;
  readonly finance: string;
  readonly financeId: UserId;
  readonly methodId: string;
}

/** A partner with 1000.00 and an account that was added over HTTP, and somebody of finance. */
async function office(kind: 'sepa' | 'ach'): Promise<Office> {
  const [tenantId, personId, financeId] = [books.newTenant(), books.newPerson(), books.newPerson()];
  const currency = kind === 'sepa' ? 'EUR' : 'USD';
  lives.push(await books.earn(tenantId, personId, '1000.00', currency));
  const as = await edges.person(tenantId, personId);
  const finance = await edges.person(tenantId, financeId, ['finance']);
  const added = await edges.call('POST', '/v1/payout-methods', { as, body: { kind, details: DETAILS[kind] } });
  expect(added).toMatchObject({ status: 201, body: { kind, status: 'active', masked: expect.stringMatching(/•/) } });
  return { tenantId, personId, currency, as, finance, financeId, methodId: added.body.id };
}

const ask = ({ as, methodId, currency }: Office, amount: string, over: object = {}): Promise<Answered> =>
  edges.call('POST', '/v1/payouts', { as, body: { amount: { amount, currency }, methodId, ...over } });

async function asked(here: Office, ...amounts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const amount of amounts) {
    const { status, body } = await ask(here, amount);
    expect([status, body.code]).toEqual([202, undefined]);
    ids.push(body.id);
  }
  return ids;
}

const read = async (path: string, as: string) => (await edges.call('GET', path, { as })).body;

interface File {
  readonly batchId: string;
  readonly text: string;
}

/** What is asked for leaves by the worker and is fetched by finance, who says that the bank has it. */
async function sent(here: Office): Promise<File> {
  while (await payoutRound(edges.runtime)) continue;
  await books.batch(edges.runtime.rails);
  const { items } = await read('/v1/payout-batches', here.finance);
  expect(items).toHaveLength(1);
  const path = `/v1/payout-batches/${items[0].id}`;
  const early = await edges.call('POST', `${path}/sent`, { as: here.finance });
  expect([early.status, early.body.code]).toEqual([409, 'CONFLICT']);
  const text = await edges.bytes(`${path}/file`, here.finance);
  expect(await edges.bytes(`${path}/file`, here.finance)).toBe(text);
  const told = await edges.call('POST', `${path}/sent`, { as: here.finance });
  expect([told.status, told.body.sent]).toEqual([200, { at: books.clock.now().toISOString(), by: here.financeId }]);
  return { batchId: items[0].id, text };
}

const bring = ({ finance }: Office, file: string, type = 'application/xml'): Promise<Answered> =>
  edges.upload('/v1/bank-files', { as: finance, file, type });

/** Brings a file in and has everything reported that it says. */
async function brought(here: Office, file: string, type?: string): Promise<Answered['body']> {
  const { status, body } = await bring(here, file, type);
  expect([status, body.code, body.detail]).toEqual([201, undefined, undefined]);
  while (await reportBankFacts(edges.runtime)) continue;
  return read(`/v1/bank-files/${body.id}`, here.finance);
}

const today = (): string => books.clock.now().toISOString().slice(0, 10);

/** A statement of today. */
const stated = ({ currency }: Office, id: string, opening: string, entries: readonly BankEntry[]): string =>
  accountStatement({ id, messageId: `CAMT-${id}`, iban: HOUSE, currency, opening, day: today(), entries });

const debit = (reference: string, amount: string): BankEntry => ({ amount, sign: 'DBIT', reference });

async function statuses(here: Office, ids: readonly string[]): Promise<unknown[]> {
  const stories = await Promise.all(ids.map((id) => read(`/v1/payouts/${id}`, here.as)));
  return stories.map(({ status, reason }) => (reason === undefined ? status : `${status} ${reason}`));
}

async function balanceOf({ as }: Office): Promise<string[]> {
  const { balances } = await read('/v1/balances/me', as);
  const [{ available, inTransit, paid }] = balances;
  return [available.amount, inTransit.amount, paid.amount];
}

/** Has the books compared over HTTP: how it ended, and what each break is about. */
async function compared(here: Office): Promise<string[]> {
  expect((await edges.call('POST', '/v1/reconciliation/runs', { as: here.finance })).status).toBe(202);
  // Breaks are made on purpose here, and the log need not tell of them.
  const runtime = { ...edges.runtime, logger: { ...edges.runtime.logger, error: () => undefined } as never };
  while (await reconcileAsked(runtime, new AbortController().signal)) continue;
  const [run] = (await read('/v1/reconciliation/runs', here.finance)).items;
  const breaks = (await read('/v1/reconciliation/breaks', here.finance)).items;
  return [run.outcome, ...breaks.map(({ invariant, subject }: Record<string, string>) => `${invariant} ${subject}`)];
}

/** All that moves money or says so, as numbers of rows: what was refused has changed none of them. */
async function moved({ tenantId }: Pick<Office, 'tenantId'>): Promise<unknown> {
  const tables = ['journal', 'posting', 'payout', 'payout_step', 'payout_method', 'rail_report', 'bank_line'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table} WHERE tenant_id = $1) AS ${table}`);
  return (await books.pool.query(`SELECT ${counts.join(', ')}`, [tenantId])).rows[0];
}

/** The events of the tenant, handed to what puts webhooks in line, as they came to lie in the outbox. */
async function notify({ tenantId }: Office): Promise<void> {
  const { rows } = await books.pool.query<{
    event_id: string;
    event_type: string;
    aggregate_key: string;
    occurred_at: Date;
    payload: Buffer;
  }>('SELECT * FROM messaging.outbox WHERE tenant_id = $1 ORDER BY id', [tenantId]);
  const told = rows.flatMap(({ event_id: id, event_type, aggregate_key: key, occurred_at: occurredAt, payload }) => {
    const type = notifying(books).handles.find((event) => event.type === event_type);
    if (type === undefined) return [];
    return [received(outgoing({ id, key, tenantId, occurredAt, type, payload: type.codec.decode(payload) as object }))];
  });
  await inDatabaseTransaction(books.pool, (tx) => notifying(books).applyBatch(tx, told));
}

describe('A partner with an IBAN', () => {
  it('is paid by file: approved, rejected, booked and returned, each as the bank says and once', async () => {
    const here = await office('sepa');
    const { finance, financeId, personId } = here;
    const admin = await edges.person(here.tenantId, books.newPerson(), ['admin']);
    const hook = {
      url: 'https://receiver.example/hooks',
      eventTypes: ['payout.settled', 'payout.failed', 'payout.returned'],
    };
    const subscription = await edges.call('POST', '/v1/payout-webhooks', { as: admin, body: hook });
    // What was asked for on the same day counts together: only the last one is above.
    const policy = { minimums: [], approvalsAbove: [{ amount: '65.00', currency: 'EUR' }], reason: 'four eyes' };
    expect((await edges.call('PUT', '/v1/payout-policy', { as: finance, body: policy })).status).toBe(200);
    const ids = await asked(here, '10.00', '20.00', '30.00', '40.00');
    const [one = '', two = '', three = '', four = ''] = ids.map((id) => id.replaceAll('-', ''));

    while (await payoutRound(edges.runtime)) continue;
    expect(await statuses(here, ids)).toEqual(['approved', 'approved', 'approved', 'screened']);
    const maker = await edges.person(here.tenantId, personId, ['finance']);
    const before = await moved(here);
    const approve = (as: string) =>
      edges.call('POST', `/v1/payouts/${ids[3]}/approve`, { as, body: { reason: 'invoice seen' } });
    const own = await approve(maker);
    expect([own.status, own.body.code, await moved(here)]).toEqual([403, 'SELF_APPROVAL', before]);
    expect((await approve(finance)).body.status).toBe('approved');

    const { batchId, text } = await sent(here);
    expect(objectionsTo('pain.001.001.09', text)).toEqual([]);
    expect(text).toContain('<NbOfTxs>4</NbOfTxs><CtrlSum>100.00</CtrlSum>');
    for (const part of [one, two, three, four, IBAN.replaceAll(' ', ''), HOUSE]) expect(text).toContain(part);
    expect(await balanceOf(here)).toEqual(['900.00', '100.00', '0.00']);

    const report = statusReport({
      batch: batchId.replaceAll('-', ''),
      groupStatus: 'PART',
      payments: [
        { reference: one, status: 'ACSP' },
        { reference: two, status: 'RJCT', reason: 'AC04', amount: '20.00' },
      ],
    });
    expect(await brought(here, report)).toMatchObject({ kind: 'pain.002', facts: { recorded: 2 }, odd: [] });
    expect(await balanceOf(here)).toEqual(['920.00', '80.00', '0.00']);

    const booked = stated(here, 'S-1', '500.00', [debit(one, '10.00'), debit(three, '30.00'), debit(four, '40.00')]);
    expect(await brought(here, booked)).toMatchObject({ facts: { recorded: 3 }, unmatchedLines: 0, warnings: [] });
    expect(await balanceOf(here)).toEqual(['920.00', '0.00', '80.00']);
    const settled = await moved(here);
    const again = await bring(here, booked);
    expect([again.status, again.body.code, await moved(here)]).toEqual([409, 'FILE_IMPORTED', settled]);

    books.clock.advance(DAY_MS);
    const back: BankEntry = { amount: '30.00', sign: 'CRDT', reference: three, returned: 'AC06' };
    expect(await brought(here, stated(here, 'S-2', '420.00', [back]))).toMatchObject({
      facts: { recorded: 1 },
      warnings: [],
    });
    const ends = ['settled', 'failed AC04', 'returned AC06', 'settled'];
    expect([await statuses(here, ids), await balanceOf(here)]).toEqual([ends, ['950.00', '0.00', '50.00']]);

    // A statement that reaches far enough to say that nothing is missing on it.
    books.clock.advance(4 * DAY_MS);
    await brought(here, stated(here, 'S-3', '450.00', []));
    expect(await compared(here)).toEqual(['balanced']);
    const story = await read(`/v1/payouts/${ids[3]}`, finance);
    expect(story.steps.map(({ step, by, note }: Record<string, string>) => [step, by, note])).toEqual([
      ['requested', personId, undefined],
      ['screened', undefined, undefined],
      ['approved', financeId, 'invoice seen'],
      ['submitted', undefined, undefined],
      ['settled', undefined, undefined],
    ]);
    const way = ['PayoutRequested', 'PayoutScreened', 'PayoutApproved', 'PayoutSubmitted'];
    expect(await books.published(ids[1] ?? '')).toEqual([...way, 'PayoutFailed']);
    expect(await books.published(ids[2] ?? '')).toEqual([...way, 'PayoutSettled', 'PayoutReturned']);
    await notify(here);
    await notify(here);
    const { items } = await read(`/v1/payout-webhooks/${subscription.body.id}/deliveries`, admin);
    expect(items.map(({ type }: { type: string }) => type).toSorted()).toEqual([
      'payout.failed',
      'payout.returned',
      'payout.settled',
      'payout.settled',
      'payout.settled',
    ]);
  });

  it('is a break while the bank has not booked it, and while it has booked what nobody here asked for', async () => {
    const here = await office('sepa');
    const [one = '', two = ''] = await asked(here, '10.00', '20.00');
    const { batchId } = await sent(here);
    const batch = batchId.replaceAll('-', '');
    await brought(here, statusReport({ batch, groupStatus: 'ACSC' }));
    expect(await statuses(here, [one, two])).toEqual(['settled', 'settled']);
    books.clock.advance(4 * DAY_MS);
    await brought(here, stated(here, 'S-1', '500.00', [debit(one.replaceAll('-', ''), '10.00')]));
    expect(await compared(here)).toEqual(['breaks', `B1 payout ${two}`]);
    const strange: BankEntry = { amount: '7.00', sign: 'DBIT' };
    await brought(here, stated(here, 'S-2', '490.00', [debit(two.replaceAll('-', ''), '20.00'), strange]));
    expect(await compared(here)).toEqual(['breaks', expect.stringMatching(/^B2 line /)]);
  });
});

describe('A partner in the United States', () => {
  it('is paid by a Nacha file that the bank books, and what returns is a break until the bank has it back', async () => {
    const here = await office('ach');
    const ids = await asked(here, '10.00', '20.00', '30.00');
    const { text } = await sent(here);
    expect(text.split('\n').filter((line) => line.startsWith('622231380104744-5678'))).toHaveLength(3);
    const [one = '', two = '', three = ''] = ids.map((id) => id.replaceAll('-', '').slice(-15).toUpperCase());
    for (const reference of [one, two, three]) expect(text).toContain(reference);
    const before = await moved(here);
    const own = await bring(here, text, 'text/plain');
    expect([own.status, own.body.code, await moved(here)]).toEqual([400, 'FILE_MALFORMED', before]);

    const entries = [debit(one, '10.00'), debit(two, '20.00'), debit(three, '30.00')];
    expect(await brought(here, stated(here, 'S-1', '500.00', entries))).toMatchObject({ facts: { recorded: 3 } });
    expect(await balanceOf(here)).toEqual(['940.00', '0.00', '60.00']);
    expect(await compared(here)).toEqual(['balanced']);

    books.clock.advance(DAY_MS);
    const returns = nachaReturns(
      text,
      new Map([
        [two, 'R03'],
        [three, 'C01'],
      ]),
    );
    const file = await brought(here, returns, 'text/plain');
    expect(file).toMatchObject({ kind: 'nacha', facts: { total: 2, recorded: 1, noted: 1 } });
    expect(await statuses(here, ids)).toEqual(['settled', 'returned R03', 'settled']);
    expect(await balanceOf(here)).toEqual(['960.00', '0.00', '40.00']);
    const way = ['PayoutRequested', 'PayoutScreened', 'PayoutApproved', 'PayoutSubmitted', 'PayoutSettled'];
    expect(await books.published(ids[1] ?? '')).toEqual([...way, 'PayoutReturned']);
    expect(await compared(here)).toEqual(['breaks', `B3 payout ${ids[1]}`]);
    const back: BankEntry = { amount: '20.00', sign: 'CRDT', reference: two, returned: 'R03' };
    await brought(here, stated(here, 'S-2', '440.00', [back]));
    expect(await compared(here)).toEqual(['balanced']);
    expect(await balanceOf(here)).toEqual(['960.00', '0.00', '40.00']);
  });
});

describe('Refused with its reason, and nothing has moved', () => {
  it.each<[string, 'sepa' | 'ach', object, string, RegExp]>([
    ['an IBAN with two digits changed', 'sepa', { iban: 'FR14 2004 1010 0505 0001 3M02 660' }, 'iban', /checksum/],
    ['an IBAN that is too short', 'sepa', { iban: 'DE8937040044053201300' }, 'iban', /length/],
    ['an IBAN of a country without IBANs', 'sepa', { iban: 'US64SVBKUS6S3300958879' }, 'iban', /no IBANs/],
    ['an IBAN outside of SEPA', 'sepa', { iban: 'SA0380000000608010167519' }, 'iban', /outside of SEPA/],
    ['a BIC of nine characters', 'sepa', { bic: 'COBADEFFX' }, 'bic', /BIC/],
    ['no name', 'sepa', { name: undefined }, 'name', /./],
    ['a routing number with a wrong checksum', 'ach', { routingNumber: '231380105' }, 'routingNumber', /checksum/],
    ['a routing number that no bank has', 'ach', { routingNumber: '991380104' }, 'routingNumber', /checksum/],
    ['a kind of account that there is not', 'ach', { accountType: 'gold' }, 'accountType', /checking or savings/],
    ['a detail that nobody knows', 'ach', { iban: 'DE89370400440532013000' }, 'iban', /./],
  ])('is a method with %s', async (_, kind, wrong, path, message) => {
    const here = { tenantId: books.newTenant() };
    const as = await edges.person(here.tenantId, books.newPerson());
    const { status, body } = await edges.call('POST', '/v1/payout-methods', {
      as,
      body: { kind, details: { ...DETAILS[kind], ...wrong } },
    });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.errors).toEqual([{ path: `details.${path}`, message: expect.stringMatching(message) }]);
    expect(Object.values((await moved(here)) as object).every((rows) => rows === 0)).toBe(true);
  });

  it('is a payout that the balance, the rail, the policy or the method does not allow', async () => {
    const [here, other] = [await office('sepa'), await office('sepa')];
    const minimums = [{ rail: 'sepa', amount: { amount: '5.00', currency: 'EUR' } }];
    const body = { minimums, approvalsAbove: [], reason: 'the bank takes a fee for each' };
    expect((await edges.call('PUT', '/v1/payout-policy', { as: here.finance, body })).status).toBe(200);
    const held = await edges.call('POST', '/v1/payout-methods', {
      as: here.as,
      body: { kind: 'sepa', details: { ...DETAILS.sepa, iban: HOUSE } },
    });
    expect(held.body.status).toBe('held');
    const before = await moved(here);
    const refusals = [
      await ask(here, '4.99'),
      await ask(here, '10.001'),
      await ask(here, '1000.01'),
      await ask(here, '1000000000.00'),
      await ask(here, '10.00', { amount: { amount: '10.00', currency: 'USD' } }),
      await ask(here, '10.00', { methodId: held.body.id }),
      await ask(here, '10.00', { methodId: other.methodId }),
    ];
    expect(refusals.map(({ status, body: { code } }) => `${status} ${code}`)).toEqual([
      '422 PAYOUT_BELOW_MINIMUM',
      '422 AMOUNT_TOO_FINE',
      '422 INSUFFICIENT_BALANCE',
      '422 PAYOUT_ABOVE_MAXIMUM',
      '422 RAIL_UNREACHABLE',
      '422 PAYOUT_METHOD_HELD',
      '404 NOT_FOUND',
    ]);
    expect([await moved(here), await balanceOf(here)]).toEqual([before, ['1000.00', '0.00', '0.00']]);
  });

  it('is a file for the bank to anybody but the tenant’s finance, since it has accounts in the clear', async () => {
    const [here, other] = [await office('sepa'), await office('sepa')];
    await asked(here, '10.00');
    const { batchId } = await sent(here);
    const support = await edges.person(here.tenantId, books.newPerson(), ['support']);
    const before = await moved(here);
    for (const path of [`/v1/payout-batches/${batchId}`, `/v1/payout-batches/${batchId}/file`]) {
      for (const as of [here.as, support]) expect((await edges.fetch(path, as)).status).toBe(403);
      expect((await edges.fetch(path, other.finance)).status).toBe(404);
    }
    expect((await edges.call('POST', `/v1/payout-batches/${batchId}/sent`, { as: other.finance })).status).toBe(404);
    expect(await moved(here)).toEqual(before);
  });
});
