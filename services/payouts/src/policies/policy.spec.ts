import { describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { currencyOf, type Money } from '@dailydoco/money';
import { checkTerms, minimumOf, type PolicyRails, type PolicyTerms, sameTerms } from './policy.js';
import { refuseByTerms, type RequestTerms } from './request-terms.js';

const money = (amountMicros: bigint, currency = 'EUR'): Money => ({ amountMicros, currency: currencyOf(currency) });
const minimum = (amountMicros: bigint, currency = 'EUR') => ({
  rail: 'sepa' as const,
  amount: money(amountMicros, currency),
});
const RAILS: PolicyRails = new Map([
  [
    'sepa',
    {
      capabilities: {
        limits: new Map([
          [
            currencyOf('EUR'),
            { minimumMicros: 1_000_000n, maximumMicros: 9_000_000n, fee: { fixedMicros: 0n, bps: 0 } },
          ],
        ]),
        countries: 'any',
        typicalHours: 1,
        returnableHours: 1,
        patienceHours: 1,
      },
    },
  ],
]);

const pathsOf = (terms: Partial<PolicyTerms>): string[] => {
  try {
    checkTerms(RAILS, { minimums: [], approvalsAbove: [], ...terms });
    return [];
  } catch (error) {
    if (!(error instanceof DomainError) || error.reason !== 'VALIDATION_FAILED') throw error;
    return error.fieldErrors.map(({ path }) => path);
  }
};

describe('The terms of a policy', () => {
  it.each<[string, Partial<PolicyTerms>, string[]]>([
    ['nothing', {}, []],
    ['the least and the most that the rail sends', { minimums: [minimum(1_000_000n)] }, []],
    ['the most', { minimums: [minimum(9_000_000n)] }, []],
    ['less than the rail sends', { minimums: [minimum(990_000n)] }, ['minimums.0.amount']],
    ['more than the rail sends', { minimums: [minimum(9_010_000n)] }, ['minimums.0.amount']],
    ['a currency that the rail does not carry', { minimums: [minimum(2_000_000n, 'USD')] }, ['minimums.0.amount']],
    ['a rail that is not there', { minimums: [{ ...minimum(2_000_000n), rail: 'ach' }] }, ['minimums.0.amount']],
    ['a part of a cent', { minimums: [minimum(2_000_001n)] }, ['minimums.0.amount']],
    ['a minimum twice', { minimums: [minimum(2_000_000n), minimum(3_000_000n)] }, ['minimums.1']],
    ['an approval of everything', { approvalsAbove: [money(0n)] }, []],
    ['an approval above a part of a yen', { approvalsAbove: [money(500_000n, 'JPY')] }, ['approvalsAbove.0.amount']],
    ['two approvals in one currency', { approvalsAbove: [money(1_000_000n), money(0n)] }, ['approvalsAbove.1']],
  ])('are refused where they cannot be: %s', (_, terms, paths) => {
    expect(pathsOf(terms)).toEqual(paths);
  });

  it('are the same in whatever order, and not with another amount', () => {
    const terms = { minimums: [], approvalsAbove: [money(1n), money(1n, 'USD')] };
    expect(sameTerms(terms, { ...terms, approvalsAbove: terms.approvalsAbove.toReversed() })).toBe(true);
    expect(sameTerms(terms, { ...terms, approvalsAbove: [money(2n), money(1n, 'USD')] })).toBe(false);
    expect(sameTerms(terms, { ...terms, minimums: [minimum(1n)] })).toBe(false);
  });

  it('never let a payout be smaller than the rail does', () => {
    const of = (own: bigint, railMicros: bigint) =>
      minimumOf(
        { minimums: [minimum(own)], approvalsAbove: [] },
        { kind: 'sepa', currency: currencyOf('EUR'), railMicros },
      );
    expect([of(5n, 3n), of(3n, 5n), of(4n, 4n)]).toEqual([5n, 5n, 4n]);
  });
});

describe('A request for a payout', () => {
  const now = new Date('2026-06-01T12:00:00Z');
  const FREE: RequestTerms = { stopped: false, frozen: false, heldUntil: undefined, minimumMicros: undefined };
  const refusal = (terms: Partial<RequestTerms>): string | undefined => {
    try {
      refuseByTerms({ ...FREE, ...terms }, { amount: money(5_000_000n), now });
      return undefined;
    } catch (error) {
      return error instanceof DomainError ? error.reason : 'a bug';
    }
  };
  const held = new Date(now.getTime() + 1);

  it.each<[string | undefined, Partial<RequestTerms>]>([
    [undefined, {}],
    ['PAYOUTS_STOPPED', { stopped: true, frozen: true, heldUntil: held, minimumMicros: 6_000_000n }],
    ['PAYOUTS_FROZEN', { frozen: true, heldUntil: held, minimumMicros: 6_000_000n }],
    ['PAYOUT_METHOD_HELD', { heldUntil: held, minimumMicros: 6_000_000n }],
    [undefined, { heldUntil: now }],
    ['PAYOUT_BELOW_MINIMUM', { minimumMicros: 5_000_001n }],
    [undefined, { minimumMicros: 5_000_000n }],
  ])('is refused by the first that holds: %s', (reason, terms) => {
    expect(refusal(terms)).toBe(reason);
  });
});
