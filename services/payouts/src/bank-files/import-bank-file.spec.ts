import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { asBankFileId, asPayoutBatchId, asPayoutId, asTenantId, asUserId, type PayoutId } from '../ids.js';
import type { ImportedFile, NamedPayout } from './bank-file.js';
import { importBankFile, type ImportBook } from './import-bank-file.js';
import type { FileFact, FileStatement, ReadFile } from './read-file.js';

const tenantId = asTenantId('01936f2a-0000-7000-8000-000000000000');
const EUR = currencyOf('EUR');
const at = new Date('2026-11-23T20:00:00Z');
const batchId = asPayoutBatchId('01936f2a-7b1c-7d3e-8f4a-5b6c7d8e9f0a');
const batch = batchId.replaceAll('-', '');
const idOf = (n: number): PayoutId => asPayoutId(`01936f2a-7b1c-7d3e-8f4a-00000000000${n}`);
const whole = (n: number): string => idOf(n).replaceAll('-', '');
const short = (n: number): string => whole(n).slice(-15).toUpperCase();

const payouts: readonly NamedPayout[] = [
  ...[1, 2, 3].map((n) => {
    return { id: idOf(n), rail: 'sepa' as const, batchId, payableMicros: BigInt(n) * 10_000_000n, hasFailed: n === 3 };
  }),
  ...(['ach', 'stripe'] as const).map((rail, n) => {
    return { id: idOf(4 + n), rail, batchId: undefined, payableMicros: 10_000_000n, hasFailed: false };
  }),
];

/** The book of a tenant with three payouts by SEPA in one batch, and one each by ACH (4) and by Stripe (5). */
class ImportsInMemory implements ImportBook {
  readonly files: ImportedFile[] = [];

  async lockImports(): Promise<void> {}
  async fileOf(_: unknown, sha256: string) {
    return this.files.find((file) => file.sha256 === sha256)?.id;
  }
  async contentOf(_: unknown, { account, statementId }: Pick<FileStatement, 'account' | 'statementId'>) {
    return this.#statements().find((each) => each.account === account && each.statementId === statementId)?.contentHash;
  }
  async nameOfContent(_: unknown, { account, contentHash }: { account: string; contentHash: string }) {
    return this.#statements().find((each) => each.account === account && each.contentHash === contentHash)?.statementId;
  }
  async closingBefore(_: unknown, { account }: Pick<FileStatement, 'account'>) {
    return this.#statements().findLast((each) => each.account === account);
  }
  async payoutsById(_: unknown, ids: readonly PayoutId[]) {
    return payouts.filter(({ id }) => ids.includes(id));
  }
  async payoutsByTail(_: unknown, tails: readonly string[]) {
    return new Map(tails.map((tail) => [tail, payouts.filter(({ id }) => id.replaceAll('-', '').endsWith(tail))]));
  }
  async payoutsOfBatches(_: unknown, ids: readonly string[]) {
    return payouts.filter((payout) => payout.batchId !== undefined && ids.includes(payout.batchId));
  }
  async add(file: ImportedFile): Promise<void> {
    this.files.push(file);
  }

  #statements() {
    return this.files.flatMap(({ statements }) => statements);
  }
}

const fact = (about: FileFact['about'], over: Partial<FileFact> = {}): FileFact => ({
  fileLine: 7,
  about,
  state: 'settled',
  reason: undefined,
  amountMicros: undefined,
  currency: undefined,
  occurredAt: at,
  ...over,
});
const statement = (over: Partial<FileStatement> = {}): FileStatement => ({
  statementId: 'S-1',
  account: 'DE89370400440532013000',
  currency: EUR,
  openingMicros: 100_000_000n,
  closingMicros: 90_000_000n,
  openedOn: '2026-11-23',
  closedOn: '2026-11-23',
  lines: [
    {
      line: 1,
      fileLine: 7,
      bookedOn: '2026-11-23',
      valueDate: undefined,
      amountMicros: -10_000_000n,
      endToEndId: whole(1),
      bankReference: undefined,
      reasonCode: undefined,
      counterparty: undefined,
    },
  ],
  ...over,
});

let ids = 0;
const bring = (book: ImportBook, read: Partial<ReadFile>, sha256 = `hash-${++ids}`): Promise<ImportedFile> =>
  importBankFile(
    book,
    {
      tenantId,
      importedBy: asUserId('01936f2a-0000-7000-8000-000000000009'),
      sha256,
      sizeBytes: 1,
      read: { kind: 'pain.002', messageId: 'M', createdAt: at, facts: [], statements: [], ...read },
    },
    { now: at, newId: () => asBankFileId(`id-${++ids}`) },
  );
const told = ({ facts }: ImportedFile) =>
  facts.map(({ named, state, outcome }) => [
    named === undefined ? undefined : Number(named.payoutId.slice(-1)),
    state,
    outcome,
  ]);

describe('what a file says', () => {
  it('is about the payouts that its references mean, and nobody’s when they mean none', async () => {
    const payment = [whole(1), idOf(2), short(3), whole(9), 'SALARY', 'F4A000000000009'];
    const file = await bring(new ImportsInMemory(), {
      facts: payment.map((reference) => fact({ payment: reference })),
    });
    expect(told(file)).toEqual([
      [1, 'settled', undefined],
      [2, 'settled', undefined],
      [3, 'settled', undefined],
      [undefined, 'settled', 'unknown_reference'],
      [undefined, 'settled', 'unknown_reference'],
      [undefined, 'settled', 'unknown_reference'],
    ]);
  });

  it('is about payouts of its own rails only, whatever else its references mean', async () => {
    const facts = [1, 4, 5].flatMap((n) => [fact({ payment: whole(n) }), fact({ payment: short(n) })]);
    const about = async (kind: ReadFile['kind']) =>
      told(await bring(new ImportsInMemory(), { kind, facts })).flatMap(([payout]) => payout ?? []);
    expect(await about('pain.002')).toEqual([1, 1]);
    expect(await about('camt.053')).toEqual([1, 1, 4, 4]);
    expect(await about('nacha')).toEqual([4, 4]);
  });

  it('is about nobody when two payouts have the same short reference', async () => {
    class Twins extends ImportsInMemory {
      override async payoutsByTail(_: unknown, tails: readonly string[]) {
        return new Map(tails.map((tail) => [tail, payouts.slice(0, 2)]));
      }
    }
    expect(told(await bring(new Twins(), { facts: [fact({ payment: short(1) })] }))).toEqual([
      [undefined, 'settled', 'unknown_reference'],
    ]);
  });

  it('about a batch is about those of its payouts that the file does not name', async () => {
    const facts = [
      fact({ batch }, { state: 'failed', reason: 'RJCT' }),
      fact({ payment: whole(2) }, { state: 'failed', reason: 'AC04' }),
    ];
    const file = await bring(new ImportsInMemory(), { facts }, 'hash');
    expect(file.facts.map(({ named, reason }) => [named?.payoutId, reason, named?.reportId])).toEqual([
      [idOf(1), 'RJCT', `hash:1:${idOf(1)}`],
      [idOf(3), 'RJCT', `hash:1:${idOf(3)}`],
      [idOf(2), 'AC04', 'hash:2'],
    ]);
  });

  it('about a batch with a sum that is not its payouts’ is about none of them', async () => {
    const right = fact({ batch }, { amountMicros: 60_000_000n, currency: EUR });
    const file = await bring(new ImportsInMemory(), { kind: 'camt.053', facts: [right] });
    expect(file.facts.map(({ amountMicros }) => amountMicros)).toEqual([undefined, undefined, undefined]);
    const wrong = await bring(new ImportsInMemory(), { facts: [{ ...right, amountMicros: 59_990_000n }] });
    expect(told(wrong)).toEqual([]);
  });

  it('about a batch with the sum of those that have not failed is about these', async () => {
    const left = fact({ batch }, { amountMicros: 30_000_000n, currency: EUR });
    expect(told(await bring(new ImportsInMemory(), { kind: 'camt.053', facts: [left] }))).toEqual([
      [1, 'settled', undefined],
      [2, 'settled', undefined],
    ]);
  });

  it('about payouts of a rail that such files do not tell of is about nobody’s', async () => {
    const facts = [fact({ payment: whole(1) }), fact({ payment: short(2) }), fact({ batch })];
    expect(told(await bring(new ImportsInMemory(), { kind: 'nacha', facts }))).toEqual(
      facts.map(() => [undefined, 'settled', 'unknown_reference']),
    );
  });

  it('about others is no matter on a statement', async () => {
    const facts = [
      fact({ payment: 'SALARY' }),
      fact({ batch: 'B-1' }),
      fact({ payment: whole(1) }, { state: 'noted' }),
    ];
    expect(told(await bring(new ImportsInMemory(), { kind: 'camt.053', facts }))).toEqual([[1, 'noted', 'noted']]);
  });
});

describe('a file', () => {
  it('is imported once, and tells the first time when it comes again', async () => {
    const book = new ImportsInMemory();
    const first = await bring(book, {}, 'same');
    const again = bring(book, {}, 'same');
    await expect(again).rejects.toMatchObject({ reason: 'FILE_IMPORTED', detail: expect.stringContaining(first.id) });
    expect(book.files).toHaveLength(1);
  });
});

describe('a statement', () => {
  const settled = fact({ payment: whole(1) }, { statementLine: { statement: 0, line: 1 } });
  const read = (...statements: FileStatement[]): Partial<ReadFile> => ({
    kind: 'camt.053',
    statements,
    facts: [settled],
  });

  it('knows the reports that its lines made', async () => {
    const file = await bring(new ImportsInMemory(), read(statement()), 'hash');
    expect(file.statements.map(({ reportIds }) => [...reportIds])).toEqual([[[1, 'hash:1']]]);
    expect(file.warnings).toEqual([]);
  });

  it('in another file is skipped with what it says, and a warning', async () => {
    const book = new ImportsInMemory();
    await bring(book, read(statement()));
    const again = await bring(book, read(statement()));
    expect([again.statements, again.facts, again.warnings.map(({ code }) => code)]).toEqual([
      [],
      [],
      ['statement_repeated'],
    ]);
  });

  it('under another name is skipped as well, unless nothing has moved', async () => {
    const book = new ImportsInMemory();
    const again = statement({ statementId: 'S-1/2' });
    const twice = await bring(book, read(statement(), again));
    expect([twice.statements.map(({ statementId }) => statementId), twice.warnings]).toEqual([
      ['S-1'],
      [{ code: 'statement_repeated', detail: 'Statement S-1/2 was imported already, as S-1: it says the same.' }],
    ]);
    expect((await bring(book, read(again))).statements).toEqual([]);
    const empty = { lines: [], closingMicros: 100_000_000n };
    const still = await bring(new ImportsInMemory(), {
      ...read(statement(empty), statement({ ...empty, statementId: 'S-2' })),
      facts: [],
    });
    expect([still.statements.length, still.warnings]).toEqual([2, []]);
  });

  it('of a known name that says something else is refused, also within one file', async () => {
    const book = new ImportsInMemory();
    const other = statement({ closingMicros: 1n });
    await expect(bring(book, read(statement(), other))).rejects.toThrow(DomainError);
    await bring(book, read(statement()));
    const [line] = statement().lines;
    const others = [
      other,
      ...[{ amountMicros: -20_000_000n }, { bankReference: 'B-1' }, { endToEndId: whole(2) }].map((change) =>
        statement({ lines: line === undefined ? [] : [{ ...line, ...change }] }),
      ),
    ];
    for (const each of others) {
      await expect(bring(book, read(each))).rejects.toMatchObject({ reason: 'CONFLICT' });
    }
    expect(book.files).toHaveLength(1);
  });

  it('that does not open with what the one before closed with is taken with a warning', async () => {
    const book = new ImportsInMemory();
    await bring(book, read(statement()));
    const next = await bring(
      book,
      read(statement({ statementId: 'S-2', openingMicros: 90_000_000n, closingMicros: 80_000_000n })),
    );
    expect(next.warnings).toEqual([]);
    const gap = await bring(
      book,
      read(statement({ statementId: 'S-4', openingMicros: 70_000_000n, closingMicros: 60_000_000n })),
    );
    expect(gap.warnings).toEqual([
      {
        code: 'opening_differs',
        detail: 'Statement S-4 opens with 70.00 EUR, but statement S-2 before it closed with 80.00.',
      },
    ]);
  });

  it('whose lines do not lead to its closing balance is taken with a warning', async () => {
    const file = await bring(new ImportsInMemory(), read(statement({ closingMicros: 95_000_000n })));
    expect(file.warnings.map(({ code }) => code)).toEqual(['sum_differs']);
  });
});
