import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import type { Commission, CommissionChange } from '../commissions/commission.js';
import { newEntry } from '../commissions/entry-life.js';
import { asCommissionId, asPurchaseId, asRefundId, asTenantId, asUserId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { refundUpdate } from '../refunds/record-refund.js';
import { restoreUpdate } from '../refunds/restore-chargeback.js';
import { type RefundHistory, refundedAfter } from './refunded-after.js';

const AT = new Date('2026-06-01T12:00:00.000Z');
const at = (seconds: number) => new Date(AT.getTime() + seconds * 1_000);

function purchaseOf(amountMicros: bigint, grosses: readonly bigint[]): PurchaseRecord {
  const currency = currencyOf('USD');
  const id = asPurchaseId('p');
  const commissions = grosses.map(
    (grossMicros, n): Commission => ({
      ...newEntry(grossMicros, AT),
      id: asCommissionId(`c${n}`),
      purchaseId: id,
      beneficiaryId: asUserId(`u${n}`),
      kind: 'level',
      level: n + 1,
      rateBps: 1,
      boostBps: 0,
      currency,
      grossMicros,
      cuts: [],
      createdAt: AT,
    }),
  );
  return {
    tenantId: asTenantId('t'),
    id,
    externalId: 'e',
    buyerId: asUserId('b'),
    amountMicros,
    currency,
    stream: 's',
    productTag: undefined,
    websiteId: undefined,
    occurredAt: AT,
    occurredAtGiven: true,
    recordedAt: AT,
    plan: undefined,
    totalMicros: 0n,
    snapshot: { upline: [], websiteOwner: undefined, first: undefined, covered: true },
    sequence: 2n,
    refundedMicros: 0n,
    changedAt: AT,
    commissions,
  };
}

/** Refunds of so many micros one after the other, some of them won back at once: what happened, and R after each. */
function happen(start: PurchaseRecord, steps: readonly { micros: bigint; won: boolean }[]) {
  const refunds: RefundHistory['refunds'][number][] = [];
  const wins: RefundHistory['wins'][number][] = [];
  const changes: { change: CommissionChange; refundedMicros: bigint }[] = [];
  let purchase = start;
  steps.forEach(({ micros, won }, n) => {
    const amountMicros = micros > purchase.amountMicros - purchase.refundedMicros ? 0n : micros;
    if (amountMicros === 0n) return;
    const refundId = asRefundId(`r${n}`);
    refunds.push({ id: refundId, amountMicros, purchaseSequence: purchase.sequence + 1n });
    const given = refundUpdate(purchase, { refundId, reason: 'chargeback', amountMicros, at: at(2 * n) });
    purchase = given.purchase;
    changes.push(...given.changes.map((change) => ({ change, refundedMicros: purchase.refundedMicros })));
    if (!won) return;
    const because = n % 2 === 0 ? ('chargeback_won' as const) : ('refund_failed' as const);
    const back = restoreUpdate(purchase, { refundId, amountMicros, at: at(2 * n + 1), suspended: new Set(), because });
    const [first] = back.changes;
    wins.push({ refundId, wonAt: at(2 * n + 1), purchaseSequence: first?.purchaseSequence });
    purchase = back.purchase;
    changes.push(...back.changes.map((change) => ({ change, refundedMicros: purchase.refundedMicros })));
  });
  return { purchase, changes, refunds: { refunds, wins } };
}

const micros = fc.oneof(fc.bigInt({ min: 1n, max: 1_000_000n }), fc.bigInt({ min: 1n, max: 5n }));

describe('R after a change', () => {
  it('is what was refunded then, whatever happened since', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1_000n, max: 1_000_000n }),
        fc.array(fc.bigInt({ min: 1n, max: 1_000n }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.record({ micros, won: fc.boolean() }), { maxLength: 8 }),
        (amountMicros, grosses, steps) => {
          const { purchase, changes, refunds } = happen(purchaseOf(amountMicros, grosses), steps);
          for (const { change, refundedMicros } of changes) {
            const commission = purchase.commissions.find(({ id }) => id === change.commissionId);
            if (commission === undefined) throw new Error('no such commission');
            expect(refundedAfter(change, { purchase, commission, refunds })).toBe(refundedMicros);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is told of refunds and chargebacks only', () => {
    const { purchase, changes, refunds } = happen(purchaseOf(100n, [10n]), [{ micros: 50n, won: false }]);
    const [first] = changes;
    const [commission] = purchase.commissions;
    if (first === undefined || commission === undefined) throw new Error('nothing happened');
    const change = { ...first.change, refundId: undefined };
    expect(refundedAfter(change, { purchase, commission, refunds })).toBeUndefined();
  });
});
