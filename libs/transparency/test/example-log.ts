import { createHash } from 'node:crypto';
import {
  appendLeaves,
  type ChangeLeaf,
  commitTo,
  EMPTY_TREE,
  type EntryLeaf,
  encodeLeaf,
  type Leaf,
  leafHash,
  makeStatement,
  parseStatement,
  type ReadTile,
  type Signer,
  signCheckpoint,
  signerFrom,
  signStatement,
  type Statement,
  type TreeHead,
  totalsOf,
} from '../src/index.js';

export const ORIGIN = 'growth.example/v1/transparency/0190aaaa-0000-7000-8000-000000000001';
export const LOG_KEY = signerFrom({ name: ORIGIN, seed: seedOf('log') });
export const OTHER_KEY = signerFrom({ name: ORIGIN, seed: seedOf('somebody else') });

function seedOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

export const id = (n: number): string => `0190aaaa-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
export const PARTNER = id(0xa);
const PLAN = { id: 'standard', version: 2, holdDays: 30 };

/** 20 % of 79.00, nothing cut. */
export const PLAIN: EntryLeaf = {
  v: 1,
  kind: 'entry',
  ordinal: 1,
  commissionId: id(0x11),
  purchaseId: id(0x21),
  beneficiaryId: PARTNER,
  entryKind: 'level',
  level: 1,
  currency: 'USD',
  purchaseAmount: '79000000',
  rateBps: 2000,
  boostBps: 0,
  sumBeforeCap: '49770000',
  maxPayoutBps: 7000,
  cap: '55300000',
  ownRooms: {},
  company: null,
  cuts: [],
  gross: '15800000',
  plan: PLAN,
  occurredAt: '2026-06-01T00:00:00.000Z',
  recordedAt: '2026-06-01T00:00:01.000Z',
  availableAt: '2026-07-01T00:00:00.000Z',
};

/** 5 % of 100.000003 under every limit there is; then level 1 with a boost of 50 %, which shares the day's room with it. */
export const BONUS: EntryLeaf = {
  ...PLAIN,
  ordinal: 2,
  commissionId: id(0x12),
  purchaseId: id(0x22),
  entryKind: 'website_bonus',
  level: 0,
  purchaseAmount: '100000003',
  rateBps: 500,
  sumBeforeCap: '90000000',
  cap: '70000002',
  ownRooms: { day: '20000000', lifetime: '900000000' },
  company: { left: '10000000', sum: '40000000' },
  // 5000000 × 70000002 ÷ 90000000 = 3888889; a quarter of it is 972222.
  cuts: [
    { rule: 'max_payout', amount: '1111111' },
    { rule: 'company_cap', amount: '2916667' },
  ],
  gross: '972222',
};
export const LEVEL: EntryLeaf = {
  ...BONUS,
  ordinal: 3,
  commissionId: id(0x13),
  entryKind: 'level',
  level: 1,
  rateBps: 2000,
  boostBps: 5000,
  // 20000000 and 900000000 less the 3888889 of the bonus.
  ownRooms: { day: '16111111', lifetime: '896111111' },
  // 30000000 × 70000002 ÷ 90000000 = 23333334, of which the day has room for 16111111; a quarter of it is 4027777.
  cuts: [
    { rule: 'max_payout', amount: '6666666' },
    { rule: 'beneficiary_day', amount: '7222223' },
    { rule: 'company_cap', amount: '12083334' },
  ],
  gross: '4027777',
};

function change(of: EntryLeaf, more: Omit<ChangeLeaf, 'v' | 'kind' | 'commissionId' | 'beneficiaryId'>): ChangeLeaf {
  return { v: 1, kind: 'change', commissionId: of.commissionId, beneficiaryId: of.beneficiaryId, ...more };
}

const day = (n: number): string => new Date(Date.UTC(2026, 5, n)).toISOString();
const due = PLAIN.availableAt;

/** A third of the sale is refunded, the entry is held and lifted, falls due, is charged back to nothing, and won back. */
export const CHANGES: readonly ChangeLeaf[] = [
  // 15800000 × 52666667 ÷ 79000000 = 10533333.4
  change(PLAIN, {
    ordinal: 4,
    purchaseSequence: '4',
    fromStatus: 'pending',
    toStatus: 'pending',
    delta: '-5266667',
    net: '10533333',
    availableAt: due,
    reason: 'refund',
    refundId: id(0x31),
    refunded: '26333333',
    changedAt: day(3),
  }),
  change(PLAIN, {
    ordinal: 5,
    purchaseSequence: '5',
    fromStatus: 'pending',
    toStatus: 'held',
    delta: '0',
    net: '10533333',
    availableAt: due,
    reason: 'fraud_review',
    changedAt: day(4),
  }),
  change(PLAIN, {
    ordinal: 6,
    purchaseSequence: '6',
    fromStatus: 'held',
    toStatus: 'pending',
    delta: '0',
    net: '10533333',
    availableAt: day(33),
    reason: 'lifted',
    changedAt: day(6),
  }),
  change(PLAIN, {
    ordinal: 7,
    purchaseSequence: '7',
    fromStatus: 'pending',
    toStatus: 'available',
    delta: '0',
    net: '10533333',
    availableAt: day(33),
    reason: 'hold_over',
    changedAt: day(33),
  }),
  change(PLAIN, {
    ordinal: 8,
    purchaseSequence: '9',
    fromStatus: 'available',
    toStatus: 'reversed',
    delta: '-10533333',
    net: '0',
    availableAt: day(33),
    reason: 'chargeback',
    refundId: id(0x32),
    refunded: '79000000',
    changedAt: day(40),
  }),
  change(PLAIN, {
    ordinal: 9,
    purchaseSequence: '10',
    fromStatus: 'reversed',
    toStatus: 'available',
    delta: '10533333',
    net: '10533333',
    availableAt: day(33),
    reason: 'chargeback_won',
    refundId: id(0x32),
    refunded: '26333333',
    changedAt: day(60),
  }),
  change(BONUS, {
    ordinal: 10,
    purchaseSequence: '3',
    fromStatus: 'pending',
    toStatus: 'forfeited',
    delta: '-972222',
    net: '0',
    availableAt: due,
    reason: 'forfeited',
    changedAt: day(61),
  }),
];
export const LEAVES: readonly Leaf[] = [PLAIN, BONUS, LEVEL, ...CHANGES];

/** A log in memory: other people's leaves, of which nothing but hashes is known, around those of one partner. */
export class ExampleLog {
  #head: TreeHead = EMPTY_TREE;
  #root: Uint8Array = leafHash(new Uint8Array(0));
  readonly #tiles = new Map<string, Uint8Array>();
  readonly own: { index: number; leaf: Leaf; blinding: Uint8Array }[] = [];

  append(hashes: readonly Uint8Array[]): void {
    const { tiles, root, ...head } = appendLeaves(this.#head, hashes);
    for (const { level, index, bytes } of tiles) this.#tiles.set(`${level}/${index}`, bytes);
    this.#head = head;
    this.#root = root;
  }

  /** So many leaves of others. */
  others(count: number): this {
    const from = this.#head.size;
    this.append(Array.from({ length: count }, (_, at) => seedOf(`other leaf ${from + at}`)));
    return this;
  }

  add(leaf: Leaf): this {
    const blinding = seedOf(`blinding ${this.own.length}`);
    this.own.push({ index: this.#head.size, leaf, blinding });
    this.append([leafHash(commitTo(encodeLeaf(leaf), blinding))]);
    return this;
  }

  checkpoint(signer: Signer = LOG_KEY): string {
    return signCheckpoint({ origin: ORIGIN, size: this.#head.size, root: this.#root }, [signer]);
  }

  readonly readTile: ReadTile = ({ level, index }) => this.#tiles.get(`${level}/${index}`) ?? new Uint8Array(0);

  /** The partner's statement; `leaves` in place of the own ones for a part of it. */
  statement(given: { earlier?: string; signer?: Signer; from?: number; to?: number } = {}): Promise<Uint8Array> {
    const { earlier, signer = LOG_KEY, from = 1, to = this.own.length } = given;
    return makeStatement(
      {
        beneficiaryId: PARTNER,
        madeAt: new Date('2026-09-01T12:00:00.000Z'),
        checkpoint: this.checkpoint(),
        earlier,
        leaves: this.own.slice(from - 1, to),
        last: this.own.length,
        totals: totalsOf(this.own.map(({ leaf }) => leaf)),
        readTile: this.readTile,
      },
      signer,
    );
  }
}

/** A log with the leaves given, others of the number between them. */
export function exampleLog(leaves: readonly Leaf[] = LEAVES, { others = 37 }: { others?: number } = {}): ExampleLog {
  const log = new ExampleLog().others(3);
  for (const leaf of leaves) log.add(leaf).others(others);
  return log;
}

export function read(bytes: Uint8Array): Statement {
  const form = parseStatement(bytes);
  if (form.kind !== 'statement') throw new Error(`No statement: ${form.kind}`);
  return form.statement;
}

/** The statement changed and signed again, as one can who has the log's key. */
export function resigned(
  bytes: Uint8Array,
  alter: (statement: Statement) => Partial<Statement>,
  signer: Signer = LOG_KEY,
): Uint8Array {
  const { key: _key, signature: _signature, ...content } = read(bytes);
  const altered = { ...content, ...alter(read(bytes)) };
  delete (altered as Partial<Statement>).key;
  delete (altered as Partial<Statement>).signature;
  return signStatement(altered, signer);
}
