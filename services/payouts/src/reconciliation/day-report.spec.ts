import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asBreakId, asRunId, asTenantId, asUserId } from '../ids.js';
import { parseDay } from './day.js';
import { type DayFacts, makeReport } from './day-report.js';
import { reportText } from './report-text.js';

const USD = currencyOf('USD');
const tenantId = asTenantId('t');
const at = (time: string) => new Date(`2026-11-22T${time}Z`);
const run = {
  id: asRunId('r'),
  outcome: 'breaks',
  breaks: 1,
  compared: 2,
  inFlight: 1,
  startedAt: at('00:15:00'),
  finishedAt: at('00:16:00'),
} as const;
const day = parseDay('2026-11-21')!;
const account = (kind: 'cash' | 'payout_fees' | 'tax_payable' | 'bad_debt', credit: bigint, debit: bigint) => ({
  currency: USD,
  kind,
  closingMicros: 10_000_000n,
  creditMicros: credit,
  debitMicros: debit,
});
const facts: DayFacts = {
  accounts: [
    account('cash', 9_000_000n, 0n),
    account('payout_fees', 0n, -250_000n),
    account('bad_debt', 0n, -2_000_000n),
    account('tax_payable', 5_000_000n, -1_000_000n),
  ],
  events: [{ currency: USD, event: 'PayoutSettled', journals: 3, amountMicros: 9_000_000n }],
  openPayouts: [{ currency: USD, status: 'submitted', payouts: 2, amountMicros: 1_500_000n }],
  eventsSetAside: 1,
  sources: [{ name: 'viral-engine', compared: 2, upTo: undefined }],
  breaks: [],
  opened: 0,
  resolved: 1,
};
const report = (other: Partial<DayFacts> = {}) =>
  makeReport({ tenantId, day, run, madeAt: at('00:17:00') }, { ...facts, ...other });

describe('The report of a day', () => {
  it('opens with what the day closed with, less what moved', () => {
    expect(report().currencies[0]!.accounts[0]).toEqual({
      kind: 'cash',
      opening: '1.00',
      credits: '9.00',
      debits: '0.00',
      closing: '10.00',
    });
  });

  it('tells fees, tax and what was written off by what their accounts did', () => {
    expect(report().currencies[0]!.totals).toMatchObject({
      paid: '9.00',
      accrued: '0.00',
      fees: '0.25',
      withheld: '4.00',
      writtenOff: '2.00',
    });
  });

  it('is balanced without breaks only, whatever finance said of them', () => {
    const found = {
      tenantId,
      id: asBreakId('b'),
      invariant: 'I4',
      subject: 'person p USD',
      detail: 'pending 1 of 2',
      status: 'accepted',
      openedAt: new Date('2026-11-21T22:16:00Z'),
      lastSeenAt: run.finishedAt,
      timesSeen: 9,
      ownerId: asUserId('ann'),
      answeredAt: undefined,
      resolvedAt: undefined,
      steps: 3,
    } as const;
    expect(report().outcome).toBe('balanced');
    const broken = report({ breaks: [found] });
    expect(broken).toMatchObject({ outcome: 'breaks', breaks: [{ id: 'b', ageHours: 2, ownerId: 'ann' }] });
    expect(reportText(broken)).toContain(
      '1 BREAK\n  I4  accepted, 2 h old, owner ann\n      person p USD: pending 1 of 2\n',
    );
  });

  it('reads well', () => {
    expect(reportText(report())).toBe(`Reconciliation of 2026-11-21 (UTC), tenant t
compared until 2026-11-22T00:16:00.000Z: 2 purchases, 1 in flight

BALANCED
opened on the day: 0, resolved: 1

USD
  paid                                9.00
  fees                                0.25
  withheld                            4.00
  written off                         2.00
  account                          opening           credits            debits           closing
  cash                                1.00              9.00              0.00             10.00
  payout_fees                        10.25              0.00             -0.25             10.00
  bad_debt                           12.00              0.00             -2.00             10.00
  tax_payable                         6.00              5.00             -1.00             10.00

in flight when it was made
  payouts submitted                2   1.50 USD
  events set aside                 1

compared with
  viral-engine                     2   up to never
`);
  });
});
