import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { asPayoutId, asPayoutMethodId, asTenantId, asUserId } from '../ids.js';
import { settleLegs } from '../ledger/journal.js';
import { journalOf, mayBecome, PAYOUT_STATUSES, type Payout, type PayoutStatus } from './payout.js';

const at = new Date('2026-06-01T12:00:00Z');
const payout: Payout = {
  tenantId: asTenantId('00000000-0000-7000-8000-000000000001'),
  id: asPayoutId('00000000-0000-7000-8000-000000000002'),
  personId: asUserId('00000000-0000-7000-8000-000000000003'),
  methodId: asPayoutMethodId('00000000-0000-7000-8000-000000000004'),
  amountMicros: 20_000_000n,
  currency: currencyOf('USD'),
  requestedAt: at,
  status: 'requested',
  reason: undefined,
  changedAt: at,
};

const effect = (step: PayoutStatus): Record<string, bigint> =>
  Object.fromEntries((journalOf(payout, step, at)?.legs ?? []).map(({ kind, amountMicros }) => [kind, amountMicros]));

describe('The table of the ledger for payouts', () => {
  const amount = payout.amountMicros;

  it.each([
    ['requested', { available: -amount, in_transit: amount }],
    ['submitted', {}],
    ['settled', { in_transit: -amount, cash: amount }],
    ['failed', { in_transit: -amount, available: amount }],
    ['cancelled', { in_transit: -amount, available: amount }],
    ['returned', { cash: -amount, available: amount }],
  ] as [PayoutStatus, Record<string, bigint>][])('books %s', (step, expected) => {
    expect(effect(step)).toEqual(expected);
  });

  it('explains each journal, and lets none overdraw', () => {
    expect(journalOf({ ...payout, reason: 'closed' }, 'failed', at)).toMatchObject({
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
    'requested submitted',
    'requested cancelled',
    'submitted settled',
    'submitted failed',
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
      fc.property(fc.array(fc.nat(), { maxLength: 6 }), (choices) => {
        const total: Record<string, bigint> = {};
        let status: PayoutStatus = 'requested';
        const book = (): void => {
          const journal = journalOf(payout, status, at);
          for (const { account, amountMicros } of journal === undefined ? [] : settleLegs(journal)) {
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
        const { available = 0n, in_transit: inTransit = 0n, cash = 0n } = total;
        const open = status === 'requested' || status === 'submitted';
        expect({ available, inTransit, cash }).toEqual({
          available: open || status === 'settled' ? -payout.amountMicros : 0n,
          inTransit: open ? payout.amountMicros : 0n,
          cash: status === 'settled' ? payout.amountMicros : 0n,
        });
      }),
    );
  });
});
