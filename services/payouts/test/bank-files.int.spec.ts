import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { currencyOf } from '@dailydoco/money';
import { eventually } from '@dailydoco/testing';
import { oldestWaitingSeconds } from '../src/bank-files/bank-file-reads.store.js';
import { BankFileStore } from '../src/bank-files/bank-file.store.js';
import { reportBankFacts } from '../src/bank-files/bank-files.module.js';
import { reportFacts } from '../src/bank-files/report-facts.js';
import { asPayoutBatchId, asPayoutId, type PayoutBatchId, type TenantId, type UserId } from '../src/ids.js';
import { type Payout, type PayoutStatus, payableMicros } from '../src/payouts/payout.js';
import { receiveReports } from '../src/payouts/receive-reports.js';
import { achRailOf } from '../src/rails/ach/ach-settings.adapter.js';
import { shortReference, wholeReference } from '../src/rails/bank-reference.js';
import type { FileRail, RailKind, RailReport } from '../src/rails/rail.js';
import { OutsideStore } from '../src/reconciliation/outside-checks.store.js';
import { sepaRailOf } from '../src/rails/sepa/sepa-settings.adapter.js';
import { accountStatement, nachaReturns, statusReport } from './bank.js';
import { type Books, micros, railThrough, startBooks } from './books.js';
import { type Answered, type Edges, startEdges } from './edges.js';
import { objectionsTo } from './schemas.js';

const SETTINGS = {
  SEPA_DEBTOR_NAME: 'Growth GmbH',
  SEPA_DEBTOR_IBAN: 'DE89370400440532013000',
  ACH_BANK_ROUTING_NUMBER: '121042882',
  ACH_BANK_NAME: 'A bank',
  ACH_COMPANY_NAME: 'Growth Inc.',
  ACH_COMPANY_ID: '1123456789',
};
const ACCOUNTS: Readonly<Record<string, unknown>> = {
  sepa: { name: 'Zoë Partner', iban: 'FR14 2004 1010 0505 0001 3M02 606' },
  ach: { name: 'Zoë Partner', routingNumber: '231380104', accountNumber: '744-5678', accountType: 'checking' },
};

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { env: SETTINGS });
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

interface Batch {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly currency: string;
  readonly finance: string;
  readonly id: PayoutBatchId;
  readonly payouts: readonly Payout[];
  /** As finance downloads it. */
  readonly file: string;
}

/** Payouts of a person that have left in a file. */
async function batchOf(kind: 'sepa' | 'ach', amounts: readonly string[]): Promise<Batch> {
  const [tenantId, personId, currency] = [books.newTenant(), books.newPerson(), kind === 'sepa' ? 'EUR' : 'USD'];
  await books.earn(tenantId, personId, '1000.00', currency);
  const methodId = await books.addMethod(tenantId, personId);
  const id = asPayoutBatchId(newId());
  const now = books.clock.now();
  const payouts = amounts.map(
    (amount): Payout => ({
      tenantId,
      id: asPayoutId(newId()),
      personId,
      methodId,
      rail: kind,
      amountMicros: micros(amount),
      withheldMicros: 0n,
      currency: currencyOf(currency),
      requestedAt: now,
      status: 'requested',
      reason: undefined,
      changedAt: now,
      feeMicros: 0n,
      railReference: undefined,
      batchId: undefined,
    }),
  );
  await inDatabaseTransaction(books.pool, async (tx) => {
    const book = books.payoutBook(tx);
    await book.add(payouts.map((payout) => ({ payout, askAt: undefined, by: personId })));
    await tx.query(
      `INSERT INTO payout_batch (tenant_id, id, rail, currency, payments, amount_micros, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, id, kind, currency, payouts.length, payouts.reduce((sum, each) => sum + payableMicros(each), 0n), now],
    );
    for (const status of ['screened', 'approved', 'submitted'] as const satisfies PayoutStatus[]) {
      await book.take(payouts.map((payout) => ({ payout: { ...payout, status, batchId: id }, askAt: undefined })));
    }
  });
  const finance = await edges.person(tenantId, books.newPerson(), ['finance']);
  return { tenantId, personId, currency, finance, id, payouts, file: fileOf(kind, { tenantId, id, payouts }) };
}

function fileOf(kind: RailKind, { tenantId, id, payouts }: Pick<Batch, 'tenantId' | 'id' | 'payouts'>): string {
  const rail: FileRail | undefined = kind === 'sepa' ? sepaRailOf(SETTINGS) : achRailOf(SETTINGS);
  if (rail === undefined) throw new Error('the rail is on');
  const destination = rail.destinationOf(ACCOUNTS[kind]);
  const payments = payouts.map((payout) => ({
    tenantId,
    reference: payout.id,
    amountMicros: payableMicros(payout),
    currency: payout.currency,
    destination,
    requestedAt: payout.requestedAt,
  }));
  const currency = currencyOf(kind === 'sepa' ? 'EUR' : 'USD');
  return new TextDecoder().decode(
    rail.makeFile({ id, tenantId, currency, createdAt: books.clock.now(), payments }).bytes,
  );
}

const bring = (as: string, file: string, type = 'application/xml', key?: string): Promise<Answered> =>
  edges.upload('/v1/bank-files', { as, file, type, key });

/** Brings a file in, has everything reported that it says, and reads it again. */
async function brought(batch: Batch, file: string, type?: string): Promise<Answered['body']> {
  const { status, body } = await bring(batch.finance, file, type);
  expect([status, body.code, body.detail]).toEqual([201, undefined, undefined]);
  while (await reportBankFacts(edges.runtime)) continue;
  return (await edges.call('GET', `/v1/bank-files/${body.id}`, { as: batch.finance })).body;
}

const statuses = async ({ payouts }: Batch): Promise<unknown[][]> =>
  Promise.all(
    payouts.map(async (payout) => [(await books.payout(payout)).status, (await books.payout(payout)).reason]),
  );
const beside = (tenantId: TenantId) =>
  new OutsideStore(books.pool, new Map()).breaksBeside(tenantId, books.clock.now());
const available = async ({ tenantId, personId, currency }: Batch): Promise<bigint | undefined> =>
  (await books.balance(tenantId, personId, currency))?.availableMicros;
const referencesOf = (file: string): string[] => [...file.matchAll(/<EndToEndId>(\w+)</g)].map(([, id = '']) => id);

describe('a partner with an IBAN', () => {
  it('is paid by a file, by the word of the bank’s report and statement, and what comes back is there again', async () => {
    const batch = await batchOf('sepa', ['10.00', '20.00', '30.00']);
    expect(objectionsTo('pain.001.001.09', batch.file)).toEqual([]);
    const [one = '', two = '', three = ''] = batch.payouts.map(({ id }) => wholeReference(id));
    expect(referencesOf(batch.file).toSorted()).toEqual([one, two, three].toSorted());
    expect(await available(batch)).toBe(micros('940.00'));

    const report = statusReport({
      batch: wholeReference(batch.id),
      groupStatus: 'PART',
      payments: [
        { reference: one, status: 'ACSP' },
        { reference: two, status: 'RJCT', reason: 'AC04', amount: '20.00' },
      ],
    });
    const reported = await brought(batch, report);
    expect(reported).toMatchObject({ kind: 'pain.002', status: 'reported', facts: { total: 2, recorded: 2 }, odd: [] });
    expect(await statuses(batch)).toEqual([
      ['submitted', undefined],
      ['failed', 'AC04'],
      ['submitted', undefined],
    ]);

    const statement = accountStatement({
      id: 'S-1',
      opening: '100.00',
      entries: [
        { amount: '10.00', sign: 'DBIT', reference: one },
        { amount: '30.00', sign: 'DBIT', reference: three },
        { amount: '1.50', sign: 'DBIT' },
      ],
    });
    const stated = await brought(batch, statement);
    expect(stated).toMatchObject({ lines: 3, unmatchedLines: 1, facts: { total: 2, recorded: 2 }, warnings: [] });
    expect(stated.unmatched).toEqual([
      expect.objectContaining({ line: 3, amount: { amount: '-1.50', currency: 'EUR' }, statementId: 'S-1' }),
    ]);
    expect(stated.statements).toEqual([
      expect.objectContaining({ statementId: 'S-1', closing: { amount: '58.50', currency: 'EUR' } }),
    ]);
    expect(await available(batch)).toBe(micros('960.00'));

    const back = accountStatement({
      id: 'S-2',
      opening: '58.50',
      entries: [
        { amount: '30.00', sign: 'CRDT', reference: three, returned: 'AC06' },
        { amount: '9.99', sign: 'CRDT', reference: one, returned: 'AC06' },
      ],
    });
    const returned = await brought(batch, back);
    // A return of another amount is a break: it moves nothing, and somebody looks.
    expect(returned).toMatchObject({ facts: { total: 2, recorded: 1, amountMismatch: 1 }, warnings: [] });
    expect(returned.odd).toEqual([expect.objectContaining({ reference: one, outcome: 'amount_mismatch' })]);
    expect(await statuses(batch)).toEqual([
      ['settled', undefined],
      ['failed', 'AC04'],
      ['returned', 'AC06'],
    ]);
    expect(await available(batch)).toBe(micros('990.00'));
    expect(await books.breaks(batch.tenantId)).toEqual([]);
  });

  it('has it all back when the bank refuses the whole file, or is paid when it books it as one', async () => {
    const refused = await batchOf('sepa', ['10.00', '20.00']);
    const report = statusReport({ batch: wholeReference(refused.id), groupStatus: 'RJCT', reason: 'FF01' });
    await brought(refused, report);
    expect(await statuses(refused)).toEqual([
      ['failed', 'FF01'],
      ['failed', 'FF01'],
    ]);
    expect(await available(refused)).toBe(micros('1000.00'));

    const booked = await batchOf('sepa', ['10.00', '20.00']);
    const entries = [{ amount: '30.00', sign: 'DBIT' as const, batch: wholeReference(booked.id) }];
    const file = await brought(booked, accountStatement({ id: 'S-1', opening: '100.00', entries }));
    expect(file).toMatchObject({ unmatchedLines: 0, facts: { recorded: 2 } });
    expect((await statuses(booked)).map(([status]) => status)).toEqual(['settled', 'settled']);
    for (const { tenantId } of [refused, booked]) {
      expect(await books.breaks(tenantId)).toEqual([]);
      expect(await beside(tenantId)).toEqual([]);
    }

    await brought(booked, accountStatement({ id: 'S-2', opening: '70.00', entries }));
    expect(await beside(booked.tenantId)).toEqual([
      {
        invariant: 'B3',
        subject: `file ${booked.id}`,
        detail: 'its payouts that settled come to 30000000 micros, and 0 more may; the bank booked -60000000 for it',
      },
    ]);
  });

  it('is paid when the bank books the file as one, less what it has refused before', async () => {
    const batch = await batchOf('sepa', ['10.00', '20.00', '30.00']);
    const [, two = ''] = batch.payouts.map(({ id }) => wholeReference(id));
    const payments = [{ reference: two, status: 'RJCT', reason: 'AC04', amount: '20.00' }];
    await brought(batch, statusReport({ batch: wholeReference(batch.id), groupStatus: 'PART', payments }));
    const entries = [{ amount: '40.00', sign: 'DBIT' as const, batch: wholeReference(batch.id) }];
    await brought(batch, accountStatement({ id: 'S-1', opening: '100.00', entries }));
    expect((await statuses(batch)).map(([status]) => status)).toEqual(['settled', 'failed', 'settled']);
    const back = { sign: 'CRDT' as const, reference: wholeReference(batch.payouts[0]?.id ?? ''), returned: 'AC06' };
    await brought(batch, accountStatement({ id: 'S-2', opening: '60.00', entries: [{ amount: '10.00', ...back }] }));
    expect(await available(batch)).toBe(micros('970.00'));
    expect(await beside(batch.tenantId)).toEqual([]);
  });

  it('is not called paid by a bank whose statement names a payout of a rail that is no bank', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const { tenantId, personId } = batch;
    await books.earn(tenantId, personId, '50.00');
    const methodId = await books.addMethod(tenantId, personId);
    const other = await books.request({ tenantId, personId, methodId, amount: '30.00' });
    await books.work(railThrough(books.rail, { submit: () => Promise.reject(new Error('the question was lost')) }));
    const entries = [{ amount: '30.00', sign: 'DBIT' as const, reference: wholeReference(other.id) }];
    const file = await brought(batch, accountStatement({ id: 'S-1', currency: 'USD', opening: '100.00', entries }));
    expect(file).toMatchObject({ unmatchedLines: 1, facts: { total: 0 } });
    expect((await books.payout(other)).status).toBe('unknown');
  });
});

describe('a partner in the United States', () => {
  it('is paid by a Nacha file, and gets back what returns', async () => {
    const batch = await batchOf('ach', ['10.00', '20.00', '30.00']);
    const [one, two, three] = batch.payouts.map(({ id }) => shortReference(id)) as [string, string, string];
    const entries = [one, two].map((reference, n) => ({ amount: `${n + 1}0.00`, sign: 'DBIT' as const, reference }));
    await brought(
      batch,
      accountStatement({ id: 'S-1', iban: 'DE89370400440532013000', currency: 'USD', opening: '100.00', entries }),
    );
    const back = nachaReturns(
      batch.file,
      new Map([
        [two, 'R03'],
        [three, 'R01'],
        [one, 'C01'],
      ]),
    );
    const file = await brought(batch, back, 'text/plain');
    expect(file).toMatchObject({ kind: 'nacha', facts: { total: 3, recorded: 2, noted: 1 } });
    expect(await statuses(batch)).toEqual([
      ['settled', undefined],
      ['returned', 'R03'],
      ['returned', 'R01'],
    ]);
    expect(await available(batch)).toBe(micros('990.00'));
    expect(await books.breaks(batch.tenantId)).toEqual([]);
  });
});

/** What a file is answered whose length is told and of which nothing is sent yet. */
function announced(as: string, bytes: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: as, 'content-type': 'application/xml', 'content-length': bytes };
    const call = request(`${edges.url}/v1/bank-files`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      call.destroy();
    });
    call.on('error', reject);
    call.flushHeaders();
  });
}

describe('POST /v1/bank-files', () => {
  const count = async ({ tenantId }: Batch): Promise<unknown> => {
    const tables = ['bank_file', 'bank_fact', 'bank_statement', 'bank_line', 'rail_report'];
    const counted = await Promise.all(
      tables.map((table) =>
        books.pool.query<{ n: bigint }>(`SELECT count(*) AS n FROM ${table} WHERE tenant_id = $1`, [tenantId]),
      ),
    );
    return counted.map(({ rows }) => Number(rows[0]?.n));
  };
  const statementFor = (batch: Batch, over: { id?: string; messageId?: string; closing?: string } = {}): string => {
    const entries = referencesOf(batch.file).map((reference) => ({
      amount: '10.00',
      sign: 'DBIT' as const,
      reference,
    }));
    return accountStatement({ id: 'S-1', opening: '50.00', entries, ...over });
  };

  it('takes a file once: the same again names the first, and neither it nor its statement counts twice', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const first = await brought(batch, statementFor(batch));
    const before = await count(batch);
    const again = await bring(batch.finance, statementFor(batch));
    expect([again.status, again.body.code, again.body.detail]).toEqual([
      409,
      'FILE_IMPORTED',
      expect.stringContaining(first.id),
    ]);
    const other = await bring(batch.finance, statementFor(batch, { closing: '1.00' }));
    expect([other.status, other.body.code]).toEqual([409, 'CONFLICT']);
    expect(await count(batch)).toEqual(before);
    const repeated = await brought(batch, statementFor(batch, { messageId: 'CAMT-2' }));
    expect(repeated).toMatchObject({ lines: 0, facts: { total: 0 }, warnings: [{ code: 'statement_repeated' }] });
    expect((await statuses(batch))[0]).toEqual(['settled', undefined]);
    const renamed = await brought(batch, statementFor(batch, { id: 'S-1/2' }));
    expect(renamed).toMatchObject({ lines: 0, facts: { total: 0 }, warnings: [{ code: 'statement_repeated' }] });
    expect(await beside(batch.tenantId)).toEqual([]);
    const list = await edges.call('GET', '/v1/bank-files', { as: batch.finance });
    expect(list.body.items.map(({ id }: { id: string }) => id)).toEqual([renamed.id, repeated.id, first.id]);
  });

  it('answers the same to the same Idempotency-Key', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const key = newId();
    const first = await bring(batch.finance, statementFor(batch), 'application/xml', key);
    const again = await bring(batch.finance, statementFor(batch), 'application/xml', key);
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([201, first.body, 'true']);
  });

  it('refuses what cannot be read, naming the line, and stores nothing of it', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const text = statementFor(batch);
    const before = await count(batch);
    for (const [file, where] of [
      ['', 'Line 1: it is empty.'],
      [text.replace('</Stmt>', ''), 'Line 8: it is not well-formed XML'],
      [text.replace('10.00', '10,00'), 'Line 6: Amt is not an amount.'],
      [text.replace('<Document', '<!DOCTYPE x [<!ENTITY a "b">]><Document'), 'Line 2: a document type is not allowed.'],
    ] as const) {
      const { status, body } = await bring(batch.finance, file);
      expect([status, body.code, body.detail]).toEqual([400, 'FILE_MALFORMED', expect.stringContaining(where)]);
    }
    expect(await count(batch)).toEqual(before);
  });

  it('takes 16 MiB here and no more, and no file anywhere else', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const padded = (bytes: number): string => statementFor(batch) + ' '.repeat(bytes);
    expect((await bring(batch.finance, padded(3_000_000))).status).toBe(201);
    expect(await announced(batch.finance, 16_777_217)).toBe(413);
    expect((await bring(batch.finance, '{}', 'application/json')).body.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect((await edges.upload('/v1/payouts', { as: batch.finance, file: 'x', type: 'text/plain' })).body.code).toBe(
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });

  it('says nothing about a payout that left by another rail', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const { tenantId, personId } = batch;
    const methodId = await books.addMethod(tenantId, personId, { delaySeconds: 3_600 });
    const called = await books.request({ tenantId, personId, methodId, amount: '25.00', currency: 'EUR' });
    await books.work();
    const reference = wholeReference(called.id);
    const entries = [{ amount: '25.00', sign: 'DBIT' as const, reference }];
    const stated = await brought(batch, accountStatement({ id: 'S-1', opening: '50.00', entries }));
    expect(stated).toMatchObject({ lines: 1, unmatchedLines: 1, facts: { total: 0 } });
    const payments = [{ reference, status: 'RJCT', reason: 'AC04' }];
    const report = statusReport({ batch: wholeReference(batch.id), payments });
    expect((await brought(batch, report)).odd).toEqual([
      expect.objectContaining({ reference, outcome: 'unknown_reference' }),
    ]);
    expect((await books.payout(called)).status).toBe('submitted');
  });

  it('is for finance; support looks, and another tenant finds nothing and moves nobody’s payouts', async () => {
    const batch = await batchOf('sepa', ['10.00']);
    const { tenantId } = batch;
    const [support, partner] = [
      await edges.person(tenantId, books.newPerson(), ['support']),
      await edges.person(tenantId, batch.personId),
    ];
    for (const as of [support, partner]) expect((await bring(as, statementFor(batch))).status).toBe(403);
    const stranger = {
      ...batch,
      finance: await edges.person(books.newTenant(), books.newPerson(), ['owner', 'finance']),
    };
    const theirs = await brought(stranger, statementFor(batch));
    expect(theirs).toMatchObject({ lines: 1, unmatchedLines: 1, facts: { total: 0 } });
    expect(await statuses(batch)).toEqual([['submitted', undefined]]);
    const path = `/v1/bank-files/${theirs.id}`;
    expect((await edges.call('GET', path, { as: batch.finance })).body.code).toBe('NOT_FOUND');
    expect((await edges.call('GET', '/v1/bank-files', { as: support })).body.items).toEqual([]);
    expect((await edges.call('GET', '/v1/bank-files', { as: partner })).status).toBe(403);
  });

  it('keeps what it tells of a payout, though another delivery has stored a report of nobody meanwhile', async () => {
    const { payouts } = await batchOf('sepa', ['10.00', '20.00']);
    const now = books.clock.now();
    const { tenantId } = payouts[0]!;
    const settled = (reference: Payout['id'], reportId: string): RailReport => ({
      tenantId,
      rail: 'sepa',
      reportId,
      reference,
      answer: { state: 'settled', reason: undefined, askAgainAfterMs: undefined },
      amountMicros: undefined,
      currency: undefined,
      occurredAt: now,
    });
    const stray = settled(asPayoutId(newId()), 'of nobody');
    const deliver = (payout: Payout, meanwhile?: () => Promise<void>) =>
      inDatabaseTransaction(books.pool, async (tx) => {
        const told = [settled(payout.id, payout.id), stray];
        const { applied } = await receiveReports(books.payoutBook(tx), told, now);
        await meanwhile?.();
        return applied;
      });
    let second: Promise<unknown> | undefined;
    const first = await deliver(payouts[0]!, async () => {
      second = deliver(payouts[1]!);
      const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
      await eventually(async () => expect((await books.pool.query(waiting)).rowCount).toBe(1));
    });
    expect(first).toEqual(['recorded', 'unknown_reference']);
    expect(await second).toEqual(['recorded', 'unknown_reference']);
    for (const { id } of payouts) expect((await books.payout({ tenantId, id })).status).toBe('settled');
  });

  it('reports a large file in parts: a crash in between loses nothing and tells nothing twice', async () => {
    const batch = await batchOf(
      'sepa',
      Array.from({ length: 7 }, () => '10.00'),
    );
    const { body } = await bring(batch.finance, statementFor(batch));
    expect(body).toMatchObject({ status: 'reporting', facts: { total: 7, waiting: 7 } });
    const later = new Date(books.clock.now().getTime() + 5_000);
    expect(await oldestWaitingSeconds(books.pool, later)).toBeGreaterThanOrEqual(5);
    const crash = inDatabaseTransaction(books.pool, async (tx) => {
      const [book, now] = [books.payoutBook(tx), books.clock.now()];
      await reportFacts(new BankFileStore(tx), async (told) => (await receiveReports(book, told, now)).applied, now);
      throw new Error('killed');
    });
    await expect(crash).rejects.toThrow('killed');
    await Promise.all([reportBankFacts(edges.runtime), reportBankFacts(edges.runtime)]);
    while (await reportBankFacts(edges.runtime)) continue;
    expect(await oldestWaitingSeconds(books.pool, later)).toBe(0);
    expect((await statuses(batch)).flat().filter((status) => status === 'settled')).toHaveLength(7);
    expect((await books.balance(batch.tenantId, batch.personId, 'EUR'))?.paidMicros).toBe(micros('70.00'));
    expect(await books.breaks(batch.tenantId)).toEqual([]);
  });
});
