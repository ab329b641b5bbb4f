import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asAccountId, asJournalId, asTenantId } from '../ids.js';
import { csvLines, type ExportedJournal, ExportLedger, type ExportReads, jsonLine } from './export-ledger.js';

const MOMENT = new Date('2026-11-01T00:00:00Z');
const query = {
  tenantId: asTenantId('t'),
  from: new Date('2026-10-01T00:00:00Z'),
  to: MOMENT,
  after: undefined,
};

const journal = (id: string, reason = 'why'): ExportedJournal => ({
  id: asJournalId(id),
  event: 'HouseTransferred',
  currency: currencyOf('USD'),
  recordedAt: MOMENT,
  effectiveAt: query.from,
  cause: { adjustmentId: 'a', reason },
  postings: [
    { accountId: asAccountId('1'), kind: 'payout_fees', ownerId: undefined, amountMicros: -2_500_000n },
    { accountId: asAccountId('2'), kind: 'available', ownerId: 'p', amountMicros: 2_500_000n },
  ],
});

describe('A line of the export', () => {
  it('tells debit and credit without a sign', () => {
    expect(csvLines(journal('j')).split('\r\n')).toEqual([
      '2026-11-01T00:00:00.000Z,2026-10-01T00:00:00.000Z,j,HouseTransferred,1,payout_fees,,USD,2.50,,,,,,,a,,,why',
      '2026-11-01T00:00:00.000Z,2026-10-01T00:00:00.000Z,j,HouseTransferred,2,available,p,USD,,2.50,,,,,,a,,,why',
      '',
    ]);
    expect(JSON.parse(jsonLine(journal('j')))).toMatchObject({
      journalId: 'j',
      adjustmentId: 'a',
      postings: [
        { account: 'payout_fees', amount: '-2.50' },
        { ownerId: 'p', amount: '2.50' },
      ],
    });
  });

  it.each([
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['\tx', "'\tx"],
    ['\r=x', `"'\r=x"`],
    ['a,b', '"a,b"'],
    ['a\nb', '"a\nb"'],
    ['a=b', 'a=b'],
  ])('holds no formula: %j', (reason, cell) => {
    expect(csvLines(journal('j', reason))).toContain(`,a,,,${cell}\r\n`);
  });
});

describe('The export', () => {
  const all = Array.from({ length: 1_201 }, (_, n) => journal(`j${n}`));
  const asked: (string | undefined)[] = [];
  const reads: ExportReads = {
    journals: ({ after, limit }) => {
      asked.push(after);
      const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
      return Promise.resolve(from === 0 && after !== undefined ? undefined : all.slice(from, from + limit));
    },
  };

  it('reads page by page, and only what is asked for', async () => {
    const parts = await new ExportLedger(reads).start(query, 'jsonl');
    expect(asked).toEqual([undefined]);
    let text = '';
    for await (const part of parts) text += part;
    expect(text.trimEnd().split('\n')).toHaveLength(1_201);
    expect(asked).toEqual([undefined, 'j499', 'j999']);
  });

  it('comes journal by journal too, and reads no page that nobody came to', async () => {
    asked.length = 0;
    const ids: string[] = [];
    for await (const { id } of await new ExportLedger(reads).journals(query)) {
      ids.push(id);
      if (ids.length === 501) break;
    }
    expect([ids.at(0), ids.at(-1)]).toEqual(['j0', 'j500']);
    expect(asked).toEqual([undefined, 'j499']);
  });

  it('goes on behind a journal, without a header', async () => {
    let text = '';
    for await (const part of await new ExportLedger(reads).start({ ...query, after: asJournalId('j1199') }, 'csv')) {
      text += part;
    }
    expect(text).toBe(csvLines(journal('j1200')));
  });

  it.each([
    ['an unknown journal', { ...query, after: asJournalId('x') }],
    ['a range that is none', { ...query, to: query.from }],
  ])('refuses %s before the first line', async (_, wrong) => {
    await expect(new ExportLedger(reads).start(wrong, 'csv')).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
  });
});
