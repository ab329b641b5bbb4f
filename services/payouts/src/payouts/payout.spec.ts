import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { asPayoutId, asPayoutMethodId, asTenantId, asUserId } from '../ids.js';
import { settleLegs } from '../ledger/journal.js';
import { feeJournalOf, journalsOf, mayBecome, PAYOUT_STATUSES, type Payout, type PayoutStatus } from './payout.js';

const at = new Date('2026-06-01T12:00:00Z');
const payout: Payout = {
  tenantId: asTenantId('00000000-0000-7000-8000-000000000001'),
  id: asPayoutId('00000000-0000-7000-8000-000000000002'),
  personId: asUserId('00000000-0000-7000-8000-000000000003'),
  methodId: asPayoutMethodId('00000000-0000-7000-8000-000000000004'),
  rail: 'sandbox',
  amountMicros: 20_000_000n,
  withheldMicros: 0n,
  currency: currencyOf('USD'),
  requestedAt: at,
  status: 'requested',
  reason: undefined,
  changedAt: at,
  feeMicros: 0n,
  railReference: undefined,
  batchId: undefined,
};

const taxed: Payout = { ...payout, withheldMicros: 4_800_000n };

/** What all journals of a step do together. */
function effect(step: PayoutStatus, of: Payout = payout): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  for (const { kind, amountMicros } of journalsOf(of, step, at).flatMap(({ legs }) => legs)) {
    sums[kind] = (sums[kind] ?? 0n) + amountMicros;
  }
  return sums;
}

describe('The table of the ledger for payouts', () => {
  const amount = payout.amountMicros;

  it.each([
    ['requested', { available: -amount, in_transit: amount }],
    ['screened', {}],
    ['approved', {}],
    ['submitted', {}],
    ['unknown', {}],
    ['settled', { in_transit: -amount, cash: amount }],
    ['failed', { in_transit: -amount, available: amount }],
    ['cancelled', { in_transit: -amount, available: amount }],
    ['returned', { cash: -amount, available: amount }],
  ] as [PayoutStatus, Record<string, bigint>][])('books %s', (step, expected) => {
    expect(effect(step)).toEqual(expected);
  });

  it.each([
    ['requested', { available: -20_000_000n, in_transit: 15_200_000n, tax_payable: 4_800_000n }],
    ['submitted', {}],
    ['settled', { in_transit: -15_200_000n, cash: 15_200_000n }],
    ['failed', { in_transit: -15_200_000n, tax_payable: -4_800_000n, available: 20_000_000n }],
    ['cancelled', { in_transit: -15_200_000n, tax_payable: -4_800_000n, available: 20_000_000n }],
    ['returned', { cash: -15_200_000n, tax_payable: -4_800_000n, available: 20_000_000n }],
  ] as [PayoutStatus, Record<string, bigint>][])('books %s of a payout that tax is withheld from', (step, expected) => {
    expect(effect(step, taxed)).toEqual(expected);
  });

  it('keeps a journal of its own for the tax, and one for the fee, which the house bears', () => {
    expect(journalsOf(taxed, 'requested', at).map(({ eventType, cause }) => [eventType, cause])).toEqual([
      ['PayoutRequested', { kind: 'payout', payoutId: payout.id, step: 'requested' }],
      ['PayoutTaxWithheld', { kind: 'payout', payoutId: payout.id, step: 'withheld' }],
    ]);
    expect(feeJournalOf(payout, 250_000n, at)).toMatchObject({
      eventType: 'PayoutFeeCharged',
      cause: { step: 'fee' },
      legs: [
        { kind: 'payout_fees', amountMicros: -250_000n },
        { kind: 'cash', amountMicros: 250_000n },
      ],
    });
  });

  it('explains each journal, and lets none overdraw', () => {
    expect(journalsOf({ ...payout, reason: 'closed' }, 'failed', at)[0]).toMatchObject({
      eventType: 'PayoutFailed',
      cause: { kind: 'payout', payoutId: payout.id, step: 'failed' },
      reason: 'closed',
      occurredAt: at,
      mayOverdraw: false,
    });
  });
});

describe('The life of a payout', () => {
  const LAWFUL = new Set([
    'requested screened',
    'requested failed',
    'requested cancelled',
    'screened approved',
    'screened failed',
    'screened cancelled',
    'approved submitted',
    'approved failed',
    'approved cancelled',
    'submitted unknown',
    'submitted settled',
    'submitted failed',
    'unknown submitted',
    'unknown settled',
    'unknown failed',
    'settled returned',
  ]);

  it.each(PAYOUT_STATUSES.flatMap((from) => PAYOUT_STATUSES.map((to) => [from, to] as const)))(
    '%s → %s',
    (from, to) => {
      expect(mayBecome(from, to)).toBe(LAWFUL.has(`${from} ${to}`));
    },
  );

  it('I1: balances at every step, and wherever it ends the person has either the money or the payment', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 10 }), (choices) => {
        const total: Record<string, bigint> = {};
        let status: PayoutStatus = 'requested';
        const book = (): void => {
          for (const { account, amountMicros } of journalsOf(taxed, status, at).flatMap(settleLegs)) {
            total[account.kind] = (total[account.kind] ?? 0n) + amountMicros;
          }
        };
        book();
        for (const choice of choices) {
          const next: PayoutStatus[] = PAYOUT_STATUSES.filter((to) => mayBecome(status, to));
          if (next.length === 0) break;
          status = next[choice % next.length]!;
          book();
        }
        const { available = 0n, in_transit: inTransit = 0n, cash = 0n, tax_payable: tax = 0n } = total;
        const back = status === 'failed' || status === 'cancelled' || status === 'returned';
        expect({ available, inTransit, cash, tax }).toEqual({
          available: back ? 0n : -20_000_000n,
          inTransit: back || status === 'settled' ? 0n : 15_200_000n,
          cash: status === 'settled' ? 15_200_000n : 0n,
          tax: back ? 0n : 4_800_000n,
        });
      }),
    );
  });
});
