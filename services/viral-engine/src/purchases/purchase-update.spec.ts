import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { holdUpdate } from '../commissions/settle-holds.js';
import { releaseUpdate } from '../commissions/release-due.js';
import { asPurchaseId, asRefundId, asTenantId, asUserId } from '../ids.js';
import { STANDARD } from '../plans/shipped-plans.js';
import { refundUpdate } from '../refunds/record-refund.js';
import { netAfterRefunds } from '../refunds/refund.js';
import { restoreUpdate } from '../refunds/restore-chargeback.js';
import { decidePurchase } from './decide-purchase.js';
import type { PurchaseUpdate } from './purchase-update.js';
import type { PurchaseRecord } from './purchase.js';

const START = new Date('2026-01-01T00:00:00.000Z');
const hours = (n: number) => new Date(START.getTime() + n * 3_600_000);
const tenantId = asTenantId('t');
const refundId = asRefundId('r');

function purchaseOf(amountMicros: bigint): PurchaseRecord {
  let ids = 0;
  const earner = (n: number) => ({ userId: asUserId(`u${n}`), status: 'active' as const, boostBps: 0 });
  return decidePurchase(
    {
      tenantId,
      externalId: 'e',
      buyerId: asUserId('buyer'),
      amount: { amountMicros, currency: currencyOf('USD') },
      stream: 'subscription',
      websiteId: undefined,
      occurredAt: undefined,
      metadata: undefined,
    },
    {
      id: asPurchaseId('p'),
      recordedAt: START,
      occurredAt: START,
      plan: STANDARD,
      first: { purchaseId: 'p', occurredAt: START },
      upline: [1, 2, 3, 4, 5, 6, 7].map(earner),
      websiteOwner: earner(1),
    },
    () => `c${(ids += 1)}`,
  );
}

const purchase = purchaseOf(79_000_000n);
const nobody = new Set<never>();

describe('A purchase under its row lock', () => {
  it('tells a refund first and what it took back second, with the next sequences', () => {
    const update = refundUpdate(purchase, { refundId, reason: 'requested', amountMicros: 1_000_000n, at: hours(1) });
    expect(update.events.map(({ sequence, fact }) => [sequence, fact.kind])).toEqual([
      [3n, 'refundRecorded'],
      [4n, 'reversed'],
    ]);
    expect(update.changes).toHaveLength(8);
    expect(new Set(update.changes.map(({ purchaseSequence }) => purchaseSequence))).toEqual(new Set([4n]));
    expect(update.purchase).toMatchObject({ sequence: 4n, refundedMicros: 1_000_000n, changedAt: hours(1) });
  });

  it('tells nothing when nothing is due', () => {
    expect(releaseUpdate(purchase, { now: hours(1), suspended: nobody }).isEmpty).toBe(true);
  });

  it('releases all that is due in one event, but nothing of a suspended person', () => {
    const due = hours(30 * 24);
    const update = releaseUpdate(purchase, { now: due, suspended: new Set([asUserId('u1')]) });
    expect(update.events).toHaveLength(1);
    expect(update.purchase.commissions.map(({ status }) => status)).toEqual([
      'pending',
      'pending',
      'available',
      'available',
      'available',
      'available',
      'available',
      'available',
    ]);
  });

  it("holds a suspended person's entries from the moment of the suspension, and lifts them as much later", () => {
    const member = { tenantId, userId: asUserId('u1') };
    const held = holdUpdate(purchase, { ...member, status: 'suspended', statusChangedAt: hours(10) }, hours(11));
    expect(held.events.map(({ fact }) => fact.kind)).toEqual(['held']);
    const lifted = holdUpdate(held.purchase, { ...member, status: 'active', statusChangedAt: hours(34) }, hours(35));
    const [bonus, first, second] = lifted.purchase.commissions;
    expect([bonus, first].map((entry) => entry!.status)).toEqual(['pending', 'pending']);
    expect([bonus, first].map((entry) => entry!.availableAt)).toEqual([hours(30 * 24 + 24), hours(30 * 24 + 24)]);
    expect(second!.availableAt).toEqual(hours(30 * 24));
    expect(lifted.changes.map(({ reason }) => reason)).toEqual(['lifted', 'lifted']);
  });

  it('holds at once what a won chargeback brings back to pending for a suspended person', () => {
    const lost = refundUpdate(purchase, { refundId, reason: 'chargeback', amountMicros: 79_000_000n, at: hours(1) });
    expect(lost.purchase.commissions.every(({ status }) => status === 'reversed')).toBe(true);
    const won = restoreUpdate(lost.purchase, {
      refundId,
      amountMicros: 79_000_000n,
      at: hours(2),
      suspended: new Set([asUserId('u2')]),
    });
    expect(won.events.map(({ sequence, fact }) => [sequence, fact.kind])).toEqual([
      [5n, 'restored'],
      [6n, 'held'],
    ]);
    expect(
      won.purchase.commissions.map(({ status, grossMicros, netMicros }) => [status, netMicros === grossMicros]),
    ).toEqual(purchase.commissions.map(({ beneficiaryId }) => [beneficiaryId === 'u2' ? 'held' : 'pending', true]));
  });

  it('makes a chargeback won available when the hold is over', () => {
    const lost = refundUpdate(purchase, { refundId, reason: 'chargeback', amountMicros: 79_000_000n, at: hours(1) });
    const won = restoreUpdate(lost.purchase, {
      refundId,
      amountMicros: 79_000_000n,
      at: hours(721),
      suspended: nobody,
    });
    expect(won.purchase.commissions.every(({ status }) => status === 'available')).toBe(true);
  });

  it('keeps its books through any life: sequences without a gap, nets = gross + changes = the formula', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('refund' as const), ppm: fc.nat(1_000_000) }),
      fc.record({ kind: fc.constant('win' as const), pick: fc.nat() }),
      fc.record({ kind: fc.constant('hold' as const), who: fc.integer({ min: 1, max: 7 }), on: fc.boolean() }),
      fc.record({ kind: fc.constant('release' as const) }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), fc.array(step, { maxLength: 30 }), (amountMicros, steps) => {
        let current = purchaseOf(amountMicros);
        const grosses = new Map(current.commissions.map((entry) => [entry.id, entry.grossMicros]));
        const sums = new Map(grosses);
        const sequences = [current.sequence];
        const chargebacks: bigint[] = [];
        const take = (update: PurchaseUpdate) => {
          current = update.purchase;
          sequences.push(...update.events.map(({ sequence }) => sequence));
          for (const change of update.changes)
            sums.set(change.commissionId, sums.get(change.commissionId)! + change.deltaMicros);
        };
        steps.forEach((each, index) => {
          const at = hours(index * 48);
          if (each.kind === 'refund') {
            const part = ((amountMicros - current.refundedMicros) * BigInt(each.ppm)) / 1_000_000n;
            if (part === 0n) return;
            take(refundUpdate(current, { refundId, reason: 'chargeback', amountMicros: part, at }));
            chargebacks.push(part);
          } else if (each.kind === 'win') {
            const [won] = chargebacks.splice(each.pick % Math.max(1, chargebacks.length), 1);
            if (won !== undefined) take(restoreUpdate(current, { refundId, amountMicros: won, at, suspended: nobody }));
          } else if (each.kind === 'hold') {
            const status = each.on ? 'suspended' : 'active';
            take(holdUpdate(current, { tenantId, userId: asUserId(`u${each.who}`), status, statusChangedAt: at }, at));
          } else take(releaseUpdate(current, { now: at, suspended: nobody }));
        });
        expect(sequences).toEqual(sequences.map((_, index) => sequences[0]! + BigInt(index)));
        for (const entry of current.commissions) {
          expect(entry.netMicros).toBe(sums.get(entry.id));
          expect(entry.netMicros).toBe(netAfterRefunds(entry.grossMicros, current));
          expect(entry.status === 'held').toBe(entry.heldSince !== undefined);
          expect(entry.status === 'reversed').toBe(entry.netMicros === 0n);
        }
      }),
    );
  });
});
