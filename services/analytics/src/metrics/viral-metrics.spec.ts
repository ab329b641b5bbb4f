import { describe, expect, it } from '@jest/globals';
import { type Sum, viralMetrics } from './viral-metrics.js';

const sum = (kind: Sum['kind'], facts: number, micros = 0n, currency = ''): Sum => ({ kind, facts, micros, currency });

describe('Viral metrics', () => {
  it('are zero where nothing happened', () => {
    expect(viralMetrics([])).toEqual({
      registrations: 0,
      referredRegistrations: 0,
      invitesSent: 0,
      kFactor: 0,
      purchases: 0,
      revenue: [],
      commissions: [],
    });
  });

  it('have a K-factor of 0 when people were referred and nobody registered in the window', () => {
    expect(viralMetrics([sum('referred_registration', 3)])).toMatchObject({ referredRegistrations: 3, kFactor: 0 });
  });

  it('are net of refunds, by currency in order, and never mix currencies', () => {
    const metrics = viralMetrics([
      sum('registration', 4),
      sum('referred_registration', 3),
      sum('purchase', 2, 100_000_000n, 'USD'),
      sum('purchase', 1, 5_000_000n, 'EUR'),
      sum('refund', 1, 30_000_000n, 'USD'),
      sum('refund', 1, 9_000_000n, 'EUR'),
      sum('chargeback_win', 1, 1_000_000n, 'USD'),
      sum('commission', 5, 12_000_000n, 'USD'),
      sum('payout_settled', 1, 99_000_000n, 'USD'),
    ]);
    expect(metrics).toMatchObject({ registrations: 4, kFactor: 0.75, purchases: 3 });
    expect(metrics.revenue).toEqual([
      { currency: 'EUR', amountMicros: -4_000_000n },
      { currency: 'USD', amountMicros: 71_000_000n },
    ]);
    expect(metrics.commissions).toEqual([{ currency: 'USD', amountMicros: 12_000_000n }]);
  });
});
