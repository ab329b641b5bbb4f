import { describe, expect, it } from '@jest/globals';
import { currencyOf, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import { checkEntry, decodeLeaf, encodeLeaf } from '@dailydoco/transparency';
import fc from 'fast-check';
import { asPlanId, asPurchaseId, asTenantId, asUserId, asWebsiteId, type UserId } from '../ids.js';
import type { CapRooms } from '../commissions/limit-entries.js';
import { STANDARD } from '../plans/shipped-plans.js';
import { decidePurchase } from '../purchases/decide-purchase.js';
import { draftLeaves } from './leaf.js';
import { NO_REFUNDS } from './refunded-after.js';

const AT = new Date('2026-06-01T12:00:00.000Z');
const uuid = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const person = fc.integer({ min: 0, max: 6 }).map((n) => asUserId(uuid(n)));
const earner = fc.record({
  userId: person,
  status: fc.constant('active' as const),
  boostBps: fc.integer({ min: 0, max: 10_000 }),
});
const micros = fc.oneof(fc.bigInt({ min: 0n, max: MAX_PURCHASE_MICROS }), fc.bigInt({ min: 0n, max: 1_000n }));
const room = fc.record({ day: micros, month: micros, lifetime: micros }, { requiredKeys: [] });
const rooms = fc.record({
  people: fc
    .array(fc.tuple(person, room), { maxLength: 6 })
    .map((all): CapRooms['people'] => new Map<UserId, (typeof all)[number][1]>(all)),
  company: fc.option(fc.record({ leftMicros: micros, closed: fc.constant(false) }), { nil: undefined }),
});
const facts = fc.record({
  amountMicros: fc.oneof(fc.bigInt({ min: 1n, max: MAX_PURCHASE_MICROS }), fc.bigInt({ min: 1n, max: 1_000n })),
  upline: fc.uniqueArray(earner, { maxLength: 7, selector: ({ userId }) => userId }),
  websiteOwner: fc.option(earner, { nil: undefined }),
  rooms: fc.option(rooms, { nil: undefined }),
  levelsBps: fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 7 }),
  websiteBonusBps: fc.integer({ min: 0, max: 10_000 }),
  maxPayoutBps: fc.integer({ min: 0, max: 10_000 }),
  mode: fc.constantFrom('pro_rata' as const, 'stop' as const),
});
type Facts = typeof facts extends fc.Arbitrary<infer Value> ? Value : never;

function leavesOf(given: Facts) {
  const { levelsBps, websiteBonusBps, maxPayoutBps, mode } = given;
  const companyCap = { period: 'month' as const, mode, amounts: [] };
  const plan = { ...STANDARD, planId: asPlanId('spec-1'), levelsBps, websiteBonusBps, maxPayoutBps, companyCap };
  let ids = 100;
  const id = asPurchaseId(uuid(99));
  const purchase = decidePurchase(
    {
      tenantId: asTenantId(uuid(98)),
      externalId: 'e',
      buyerId: asUserId(uuid(97)),
      amount: { amountMicros: given.amountMicros, currency: currencyOf('USD') },
      stream: 's',
      websiteId: given.websiteOwner && asWebsiteId(uuid(96)),
      occurredAt: undefined,
      metadata: undefined,
    },
    {
      id,
      recordedAt: AT,
      occurredAt: AT,
      plan,
      first: { purchaseId: id, occurredAt: AT },
      upline: given.upline,
      websiteOwner: given.websiteOwner,
      rooms: given.rooms,
    },
    () => uuid((ids += 1)),
  );
  const drafts = draftLeaves({ purchase, plan, entries: purchase.commissions, changes: [], refunds: NO_REFUNDS });
  return { purchase, leaves: drafts.map(({ make }, at) => make(at + 1)) };
}

describe('The leaf of any commission', () => {
  it('carries all that its amount is computed from, and nobody else', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { purchase, leaves } = leavesOf(given);
        expect(leaves).toHaveLength(purchase.commissions.length);
        leaves.forEach((leaf, at) => {
          if (leaf.kind !== 'entry') throw new Error('an entry is told as one');
          expect(checkEntry(leaf)).toEqual([]);
          expect(BigInt(leaf.gross)).toBe(purchase.commissions[at]?.grossMicros);
          const text = Buffer.from(encodeLeaf(leaf)).toString();
          for (const { userId } of given.upline) expect(text.includes(userId)).toBe(userId === leaf.beneficiaryId);
          expect(text).not.toContain(purchase.buyerId);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('has one encoding, which never changes: what is in a log must be read for ever', () => {
    const { leaves } = leavesOf({
      amountMicros: 79_000_000n,
      upline: [{ userId: asUserId(uuid(1)), status: 'active', boostBps: 500 }],
      websiteOwner: undefined,
      rooms: { people: new Map([[asUserId(uuid(1)), { day: 9_000_000n }]]), company: undefined },
      levelsBps: [2_000],
      websiteBonusBps: 0,
      maxPayoutBps: 7_000,
      mode: 'stop',
    });
    const [leaf] = leaves;
    if (leaf === undefined) throw new Error('a level pays');
    const bytes = encodeLeaf(leaf);
    expect(Buffer.from(bytes).toString()).toBe(
      '{"availableAt":"2026-07-01T12:00:00.000Z","beneficiaryId":"00000000-0000-7000-8000-000000000001","boostBps":500,' +
        '"cap":"55300000","commissionId":"00000000-0000-7000-8000-000000000101","company":null,"currency":"USD",' +
        '"cuts":[{"amount":"7590000","rule":"beneficiary_day"}],"entryKind":"level","gross":"9000000","kind":"entry",' +
        '"level":1,"maxPayoutBps":7000,"occurredAt":"2026-06-01T12:00:00.000Z","ordinal":1,"ownRooms":{"day":"9000000"},' +
        '"plan":{"holdDays":30,"id":"spec-1","version":1},"purchaseAmount":"79000000",' +
        '"purchaseId":"00000000-0000-7000-8000-000000000099","rateBps":2000,"recordedAt":"2026-06-01T12:00:00.000Z",' +
        '"sumBeforeCap":"16590000","v":1}',
    );
    expect(decodeLeaf(bytes)).toEqual(leaf);
  });
});
