import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asAdjustmentId, asJournalId, asTenantId, asUserId } from '../ids.js';
import {
  type Adjustment,
  type BookedJournal,
  checkApproval,
  checkReversible,
  journalOfAdjustment,
} from './adjustment.js';
import { settleLegs } from './journal.js';

const [person, tenantId] = [asUserId('p'), asTenantId('t')];
const MOMENT = new Date('2026-11-01T00:00:00Z');
const adjustment = (terms: Adjustment['terms']): Adjustment => ({
  tenantId,
  id: asAdjustmentId('a'),
  terms,
  currency: currencyOf('USD'),
  reason: 'why',
  effectiveAt: MOMENT,
  proposedBy: asUserId('one'),
  proposedAt: MOMENT,
  decision: undefined,
  journalId: undefined,
});
const booked = (other: Partial<BookedJournal> = {}): BookedJournal => ({
  id: asJournalId('j'),
  currency: currencyOf('USD'),
  causeKind: 'adjustment',
  legs: [
    { personId: undefined, kind: 'bad_debt', amountMicros: -5n },
    { personId: person, kind: 'available', amountMicros: 5n },
  ],
  reversedBy: undefined,
  ...other,
});

describe('The journal of an adjustment', () => {
  it.each([
    [{ kind: 'write_off', personId: person, amountMicros: 5n } as const, { available: 5n, bad_debt: -5n }],
    [
      { kind: 'transfer', debit: 'payout_fees', credit: 'cash', amountMicros: 5n, corrects: undefined } as const,
      { payout_fees: -5n, cash: 5n },
    ],
    [{ kind: 'reversal', reverses: asJournalId('j') } as const, { available: -5n, bad_debt: 5n }],
  ])('I1 balances: %j', (terms, amounts) => {
    const journal = journalOfAdjustment(adjustment(terms), booked());
    const legs = settleLegs(journal).map(({ account, amountMicros }) => [account.kind, amountMicros]);
    expect(Object.fromEntries(legs)).toEqual(amounts);
    expect([journal.occurredAt, journal.reverses]).toEqual([MOMENT, terms.kind === 'reversal' ? 'j' : undefined]);
  });
});

describe('An adjustment is approved', () => {
  const off = adjustment({ kind: 'write_off', personId: person, amountMicros: 5n });
  const moved = adjustment({
    kind: 'transfer',
    debit: 'payout_fees',
    credit: 'cash',
    amountMicros: 5n,
    corrects: undefined,
  });
  it.each([
    ['by somebody else', off, 'two', undefined],
    ['not by who proposed it', off, 'one', 'SELF_APPROVAL'],
    ['not by whose debt it writes off', off, person, 'SELF_APPROVAL'],
    ['by anybody else where nobody’s debt is written off', moved, person, undefined],
  ])('%s', (_, given, by, reason) => {
    const check = () => checkApproval(given, asUserId(by));
    if (reason === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ reason }));
  });
});

describe('A journal may be reversed by hand', () => {
  const house = [
    { personId: undefined, kind: 'payout_fees', amountMicros: -5n },
    { personId: undefined, kind: 'cash', amountMicros: 5n },
  ] as const;
  it.each([
    ['when it is an adjustment', booked(), true],
    ['when it is of the house alone', booked({ causeKind: 'payout', legs: house }), true],
    ['not when it follows a purchase', booked({ causeKind: 'purchase' }), false],
    ['not when a payout moved somebody’s money', booked({ causeKind: 'payout' }), false],
    ['not twice', booked({ reversedBy: asJournalId('r') }), false],
  ])('%s', (_, journal, may) => {
    const check = () => checkReversible(journal);
    if (may) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ reason: 'CONFLICT' }));
  });
});
