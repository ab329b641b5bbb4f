import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  BONUS,
  CHANGES,
  ExampleLog,
  exampleLog,
  id,
  LEAVES,
  LEVEL,
  LOG_KEY,
  ORIGIN,
  OTHER_KEY,
  PLAIN,
  read,
  resigned,
} from '../test/example-log.js';
import { canonicalBytes } from './canonical.js';
import { parseCheckpoint, signCheckpoint } from './checkpoint.js';
import type { EntryLeaf, Leaf } from './leaf.js';
import { totalsOf } from './totals.js';
import { readEarlier } from './verify-earlier.js';
import { type VerifyOptions, verifyStatement } from './verify-statement.js';

const KEYS = [LOG_KEY.vkey];
const codes = (files: Uint8Array | Uint8Array[], options: VerifyOptions = {}): string[] => [
  ...new Set(verifyStatement(files, { keys: KEYS, ...options }).findings.map(({ code }) => code)),
];
/** What is found of a log whose own leaves are these: an attacker with all its keys wrote them. */
const codesOf = async (leaves: readonly Leaf[]): Promise<string[]> =>
  codes(await exampleLog(leaves, { others: 2 }).statement());
const withLeaf = (ordinal: number, altered: Partial<Leaf>): Leaf[] =>
  LEAVES.map((leaf) => (leaf.ordinal === ordinal ? ({ ...leaf, ...altered } as Leaf) : leaf));

describe('a statement', () => {
  let log: ExampleLog;
  let statement: Uint8Array;

  beforeAll(async () => {
    log = exampleLog();
    statement = await log.statement();
  });

  it('verifies offline: proofs, amounts, lives and totals', () => {
    const report = verifyStatement(statement, { keys: KEYS });
    expect(report).toMatchObject({ ok: true, findings: [], keysFrom: 'caller', checked: { entries: 3, changes: 7 } });
    expect(report.checkpoint?.size).toBe(383);
    expect(report.totals).toEqual([
      {
        currency: 'USD',
        entries: 3,
        gross: '20799999',
        takenBack: '6238889',
        pending: '4027777',
        held: '0',
        available: '10533333',
      },
    ]);
    expect(verifyStatement(statement)).toMatchObject({ ok: true, keysFrom: 'file' });
  });

  it('of somebody without leaves verifies, too', async () => {
    const empty = await new ExampleLog().others(5).statement();
    expect(verifyStatement(empty, { keys: KEYS })).toMatchObject({ ok: true, totals: [] });
  });

  it('fails with any one bit of any byte flipped', async () => {
    const small = await exampleLog([PLAIN, { ...CHANGES[0]!, ordinal: 2 }], { others: 1 }).statement();
    expect(codes(small)).toEqual([]);
    const survived: string[] = [];
    for (let at = 0; at < small.length; at += 1) {
      for (const bit of [0, 1 + (at % 6), 7]) {
        const flipped = Buffer.from(small);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        if (verifyStatement(flipped, { keys: KEYS }).ok) survived.push(`byte ${at}, bit ${bit}`);
      }
    }
    expect(survived).toEqual([]);
  });

  it('is refused in any other encoding, with the same content', () => {
    const text = Buffer.from(statement).toString();
    const { v, ...rest } = JSON.parse(text) as Record<string, unknown>;
    const others = [
      `${text}\n`,
      ` ${text}`,
      `\ufeff${text}`,
      JSON.stringify({ v, ...rest }),
      JSON.stringify(rest, null, 2),
    ];
    for (const other of others) expect(codes(Buffer.from(other))).toEqual(['ENCODING_NOT_CANONICAL']);
    expect(codes(canonicalBytes({ ...rest, v, more: 1 }))).toEqual(['FORM_INVALID']);
    expect(codes(canonicalBytes([1]))).toEqual(['FORM_INVALID']);
  });

  it('of another key is found, whichever key the file names', () => {
    const forged = resigned(statement, () => ({}), OTHER_KEY);
    expect(codes(forged)).toEqual(['KEY_UNKNOWN']);
    expect(codes(forged, { keys: [OTHER_KEY.vkey] })).toEqual(['CHECKPOINT_KEY_UNKNOWN']);
    expect(codes(canonicalBytes({ ...read(forged), key: LOG_KEY.vkey }))).toEqual(['SIGNATURE_WRONG']);
    expect(codes(statement, { keys: ['nonsense'] })).toEqual(['KEY_INVALID']);
    // After a change of keys both are known, and what either signed counts.
    expect(codes(statement, { keys: [OTHER_KEY.vkey, LOG_KEY.vkey] })).toEqual([]);
    const ofOther = (checkpoint: string) => resigned(statement, () => ({ checkpoint }));
    expect(codes(ofOther(log.checkpoint(OTHER_KEY)))).toEqual(['CHECKPOINT_KEY_UNKNOWN']);
    expect(codes(ofOther(log.checkpoint().replace(/.(?==\n$)/, '0')))[0]).toMatch(/^CHECKPOINT_/);
    const { size, root } = parseCheckpoint(log.checkpoint())!;
    const elsewhere = signCheckpoint({ origin: `${ORIGIN}2`, size, root }, [LOG_KEY]);
    expect(codes(ofOther(elsewhere))).toEqual(['CHECKPOINT_MALFORMED']);
    const bad = read(statement).checkpoint.replace('383\n', '384\n');
    expect(codes(ofOther(bad))).toContain('CHECKPOINT_SIGNATURE_WRONG');
  });

  it('with a changed leaf, blinding, place or proof is found, even when it is signed again', () => {
    const first = read(statement).leaves[0]!;
    const attacks = [
      { ...first, leaf: { ...PLAIN, level: 2, gross: '15800000' } },
      { ...first, blinding: Buffer.alloc(32, 9).toString('base64') },
      { ...first, index: first.index - 1 },
      { ...first, proof: first.proof.slice(1) },
      { ...first, proof: [...first.proof.slice(0, -1), first.proof[0]!] },
    ];
    for (const attack of attacks) {
      const forged = resigned(statement, ({ leaves }) => ({ leaves: [attack, ...leaves.slice(1)] }));
      expect(codes(forged)).toEqual(['INCLUSION_WRONG']);
    }
    const more = { ...first, leaf: { ...PLAIN, gross: '25800000' } };
    const forged = resigned(statement, ({ leaves }) => ({ leaves: [more, ...leaves.slice(1)] }));
    expect(codes(forged)).toEqual(expect.arrayContaining(['INCLUSION_WRONG', 'AMOUNT_WRONG', 'TOTALS_DIFFER']));
  });

  it('with a leaf dropped, doubled, out of order or another’s is found', () => {
    const change = (alter: (leaves: ReturnType<typeof read>['leaves']) => typeof leaves) =>
      codes(resigned(statement, ({ leaves }) => ({ leaves: alter(leaves) })));
    expect(change((leaves) => leaves.toSpliced(4, 1))).toContain('ORDINAL_GAP');
    expect(change((leaves) => leaves.slice(0, -1))).toContain('ORDINAL_GAP');
    expect(change((leaves) => leaves.slice(1))).toContain('ORDINAL_GAP');
    expect(change((leaves) => leaves.toReversed())).toContain('ORDER_WRONG');
    expect(change((leaves) => [leaves[0]!, ...leaves])).toEqual(['ORDER_WRONG', 'ENTRY_TWICE']);
    const dropped = resigned(statement, ({ leaves, ordinals }) => ({
      leaves: leaves.slice(0, -1),
      ordinals: { ...ordinals, to: 9 },
    }));
    expect(codes(dropped)).toContain('PART_MISSING');
    expect(codes(resigned(statement, () => ({ beneficiaryId: id(0xc) })))).toEqual(['BENEFICIARY_WRONG']);
  });

  it('with other totals is found', () => {
    const forged = resigned(statement, ({ totals }) => ({ totals: [{ ...totals[0]!, available: '10533334' }] }));
    expect(codes(forged)).toEqual(['TOTALS_DIFFER']);
    expect(codes(resigned(statement, () => ({ totals: [] })))).toEqual(['TOTALS_DIFFER']);
  });

  it('verifies in parts, all of them together', async () => {
    const [one, two] = [await log.statement({ to: 4 }), await log.statement({ from: 5 })];
    expect(verifyStatement([two, one], { keys: KEYS })).toMatchObject({
      ok: true,
      checked: { entries: 3, changes: 7 },
    });
    expect(codes(one)).toEqual(['PART_MISSING']);
    expect(codes(two)).toContain('PART_MISSING');
    expect(codes([one, await log.statement({ from: 6 })])).toContain('ORDINAL_GAP');
    expect(codes([one, await exampleLog(LEAVES, { others: 4 }).statement({ from: 5 })])).toEqual(['PARTS_DIFFER']);
    expect(codes([one, Buffer.from('{}')])).toEqual(['FORM_INVALID']);
    expect(codes([])).toEqual(['FORM_INVALID']);
  });
});

describe('what the leaves say', () => {
  it.each<[string, string, number, Partial<Leaf>]>([
    ['a gross', 'AMOUNT_WRONG', 1, { gross: '15800001' }],
    ['a rate that another entry of the plan does not have', 'PLAN_DIFFERS', 3, { rateBps: 2001 }],
    ['a share of the purchase', 'CAP_WRONG', 1, { cap: '55300001' }],
    ['a sum that cuts', 'AMOUNT_WRONG', 1, { sumBeforeCap: '60000000' }],
    ['a sum below the entry', 'AMOUNT_WRONG', 1, { sumBeforeCap: '15799999' }],
    ['a cut', 'AMOUNT_WRONG', 2, { cuts: [{ rule: 'max_payout', amount: '4027778' }] }],
    ['an own room that cuts', 'AMOUNT_WRONG', 1, { ownRooms: { month: '15000000' } }],
    ['a room that was not shared', 'AMOUNT_WRONG', 3, { ownRooms: BONUS.ownRooms }],
    ['what the company cap left', 'AMOUNT_WRONG', 2, { company: { left: '9000000', sum: '40000000' } }],
    ['a bonus with a boost', 'AMOUNT_WRONG', 2, { boostBps: 1 }],
    ['a level of a bonus', 'AMOUNT_WRONG', 2, { level: 2 }],
    ['a hold period', 'AVAILABLE_AT_WRONG', 1, { availableAt: '2026-07-01T00:00:00.001Z' }],
    ['a purchase of two entries', 'PURCHASE_DIFFERS', 3, { recordedAt: '2026-06-01T00:00:02.000Z' }],
    ['a net', 'NET_WRONG', 4, { delta: '-5266666' }],
    ['a net against the refunds', 'REFUND_WRONG', 4, { refunded: '26333344' }],
    ['more refunded than bought', 'REFUND_WRONG', 8, { refunded: '79000001' }],
    ['a refund without R', 'REFUND_WRONG', 8, { refunded: undefined } as Partial<Leaf>],
    ['R without a refund', 'REFUND_WRONG', 5, { refunded: '0' }],
    ['money that moves by a hold', 'STATUS_IMPOSSIBLE', 5, { delta: '-1', net: '10533332' }],
    ['a release before its time', 'STATUS_IMPOSSIBLE', 7, { changedAt: '2026-07-02T23:59:59.999Z' }],
    ['a hold of what is available', 'STATUS_IMPOSSIBLE', 8, { toStatus: 'held' }],
    ['a status that it did not have', 'STATUS_IMPOSSIBLE', 5, { fromStatus: 'available' }],
    ['a forfeit of a part', 'STATUS_IMPOSSIBLE', 10, { delta: '-972221', net: '1' }],
    [
      'a forfeit by an unknown reason of a part',
      'STATUS_IMPOSSIBLE',
      10,
      { reason: 'other', delta: '-1', net: '972221' },
    ],
    ['a due time that moves without a hold', 'AVAILABLE_AT_WRONG', 7, { availableAt: '2026-07-02T00:00:00.000Z' }],
    ['a sequence twice', 'ENTRY_TWICE', 5, { purchaseSequence: '4' }],
    ['a change of no entry', 'ENTRY_MISSING', 10, { commissionId: id(0x99) }],
    ['two entries of one level', 'ENTRY_TWICE', 3, { level: 0, entryKind: 'website_bonus' }],
  ])('is computed again: %s → %s', async (_, code, ordinal, altered) => {
    expect(
      await codesOf(withLeaf(ordinal, JSON.parse(JSON.stringify(altered)) as Partial<Leaf>).map(withoutGone(altered))),
    ).toContain(code);
  });

  it('of reasons that come later may hold, lift, release and forfeit', async () => {
    const reasons: Leaf[] = LEAVES.map((leaf) =>
      leaf.kind === 'change' && leaf.refunded === undefined ? { ...leaf, reason: 'by_hand' } : leaf,
    );
    expect(await codesOf(reasons)).toEqual([]);
  });

  it('lets finance release before the time, and nobody else', async () => {
    const at = '2026-06-20T00:00:00.000Z';
    const released = (altered: Partial<Leaf>) =>
      codesOf([
        ...LEAVES.slice(0, 6),
        { ...LEAVES[6]!, reason: 'released_by_finance', changedAt: at, availableAt: at, ...altered } as Leaf,
      ]);
    expect(await released({})).toEqual([]);
    expect(await released({ availableAt: '2026-07-03T00:00:00.000Z' })).toEqual([]);
    expect(await released({ availableAt: '2026-06-20T00:00:00.001Z' })).toEqual(['AVAILABLE_AT_WRONG']);
    expect(await released({ reason: 'hold_over' })).toEqual(['AVAILABLE_AT_WRONG']);
    expect(await released({ toStatus: 'held' })).toContain('AVAILABLE_AT_WRONG');
  });

  it('holds an entry against the one that shares its room, and numbers against places', async () => {
    // One micro more room than the bonus left, with all amounts as that room gives them.
    const more: EntryLeaf = {
      ...LEVEL,
      ownRooms: { day: '16111112', lifetime: '896111111' },
      cuts: LEVEL.cuts.map((cut) => (cut.rule === 'beneficiary_day' ? { ...cut, amount: '7222222' } : cut)),
      gross: '4027778',
    };
    expect(await codesOf([PLAIN, BONUS, more])).toEqual(['AMOUNT_WRONG']);
    const swapped = await exampleLog([BONUS, PLAIN]).statement();
    const sorted = resigned(swapped, ({ leaves }) => ({
      leaves: leaves.toReversed(),
      ordinals: { from: 1, to: 2, last: 2 },
    }));
    expect(codes(sorted)).toEqual(['ORDER_WRONG']);
    expect(totalsOf(LEAVES.toReversed())).toEqual(totalsOf(LEAVES));
  });

  it('is summed up by currency', () => {
    const yen: EntryLeaf = { ...LEVEL, currency: 'JPY', commissionId: id(0x14) };
    expect(totalsOf([...LEAVES, yen]).map(({ currency, pending }) => [currency, pending])).toEqual([
      ['JPY', '4027777'],
      ['USD', '4027777'],
    ]);
  });

  const withoutGone =
    (altered: Partial<Leaf>) =>
    (leaf: Leaf): Leaf => {
      const gone = Object.entries(altered).filter(([, value]) => value === undefined);
      if (leaf.ordinal !== 8 || gone.length === 0) return leaf;
      return Object.fromEntries(Object.entries(leaf).filter(([name]) => !gone.some(([each]) => each === name))) as Leaf;
    };
});

describe('the history', () => {
  it('goes on from what the partner had', async () => {
    const log = exampleLog(LEAVES.slice(0, 4));
    const kept = { checkpoint: log.checkpoint(), statement: await log.statement() };
    for (const leaf of LEAVES.slice(4)) log.add(leaf);
    const later = await log.statement({ earlier: kept.checkpoint });
    const earlierOf = (bytes: Uint8Array) => {
      const earlier = readEarlier(bytes, KEYS);
      if ('code' in earlier) throw new Error(earlier.code);
      return earlier;
    };
    expect(codes(later)).toEqual([]);
    expect(codes(later, { earlier: earlierOf(Buffer.from(kept.checkpoint)) })).toEqual([]);
    expect(codes(later, { earlier: earlierOf(kept.statement) })).toEqual([]);
    expect(codes(later, { earlier: { checkpoint: log.checkpoint() } })).toEqual([]);
    expect(codes(await log.statement(), { earlier: { checkpoint: kept.checkpoint } })).toEqual([
      'EARLIER_PROOF_MISSING',
    ]);
    expect(codes(kept.statement, { earlier: { checkpoint: log.checkpoint() } })).toEqual(['HISTORY_REWRITTEN']);
    expect(codes(later, { earlier: { checkpoint: 'nothing\n' } })).toEqual(['EARLIER_MALFORMED']);
    expect(codes(later, { earlier: { ...earlierOf(kept.statement), beneficiaryId: id(0xc) } })).toEqual([
      'EARLIER_MALFORMED',
    ]);
    expect(readEarlier(kept.statement, [OTHER_KEY.vkey])).toMatchObject({ code: 'EARLIER_MALFORMED' });
    const proofless = resigned(later, ({ earlier }) => ({ earlier: { ...earlier!, proof: earlier!.proof.slice(1) } }));
    expect(codes(proofless)).toEqual(['HISTORY_REWRITTEN']);
    const bySomebody = resigned(later, ({ earlier }) => ({
      earlier: { ...earlier!, checkpoint: exampleLog(LEAVES.slice(0, 4)).checkpoint(OTHER_KEY) },
    }));
    expect(codes(bySomebody)).toEqual(['EARLIER_SIGNATURE_WRONG']);
  });

  it('that was rewritten is found, however well the new one is signed', async () => {
    const log = exampleLog(LEAVES.slice(0, 4));
    const kept = { checkpoint: log.checkpoint(), statement: await log.statement() };
    // The same leaves but for the first, which never was so much: all proofs and signatures of the new tree are right.
    const less: EntryLeaf = { ...PLAIN, rateBps: 1000, gross: '7900000', sumBeforeCap: '41870000' };
    const rewritten = exampleLog([less], { others: 200 });
    const statement = await rewritten.statement();
    expect(codes(statement)).toEqual([]);
    const rewrittenBefore = exampleLog([less], { others: 100 });
    const itsOwn = rewrittenBefore.checkpoint();
    rewrittenBefore.others(200);
    const forged = await rewrittenBefore.statement({ earlier: itsOwn });
    expect(codes(forged)).toEqual([]);
    expect(codes(forged, { earlier: { checkpoint: kept.checkpoint } })).toEqual(['EARLIER_PROOF_MISSING']);
    const asLarge = exampleLog([less], { others: 151 });
    const ofThatSize = asLarge.checkpoint();
    const twoTrees = await asLarge.others(50).statement({ earlier: ofThatSize });
    expect(codes(twoTrees, { earlier: { checkpoint: kept.checkpoint } })).toEqual(['HISTORY_REWRITTEN']);
    const asTheirs = resigned(forged, ({ earlier }) => ({ earlier: { ...earlier!, checkpoint: kept.checkpoint } }));
    expect(codes(asTheirs, { earlier: { checkpoint: kept.checkpoint } })).toEqual(['HISTORY_REWRITTEN']);
    const earlier = readEarlier(kept.statement, KEYS);
    if ('code' in earlier) throw new Error(earlier.code);
    expect(codes(statement, { earlier })).toEqual(expect.arrayContaining(['EARLIER_LEAF_CHANGED']));
  });
});
