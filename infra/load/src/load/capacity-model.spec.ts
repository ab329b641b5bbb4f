import { describe, expect, it } from '@jest/globals';
import { demandOfCommissions, demandOfUsers, type Figures, needOf, perCore } from './capacity-model.js';

const cost = { 'viral-engine': 0.001, Postgres: 0.002, payouts: 0.0005 };
const calls = ['site', 'click', 'widget', 'events', 'reads', 'login', 'register', 'purchase', 'bulk'];
const figures: Figures = {
  machine: 'two cores',
  command: 'npm run capacity',
  date: '2026-01-01',
  costs: Object.fromEntries(calls.map((call) => [call, cost])),
  databaseBytesPerPurchase: 10_000,
};

describe('the capacity model', () => {
  it('turns commissions into purchases, and purchases into cores with headroom', () => {
    const need = needOf(demandOfCommissions(7_000, 'some'), figures);
    expect(need.purchasesPerSecond).toBe(1_000);
    // 1,000 a second × 1 ms is one core's work, planned to be half of what is there.
    expect(need.cores['viral-engine']).toBeCloseTo(2);
    expect(need.cores['Postgres']).toBeCloseTo(4);
    expect(need.totalCores).toBeCloseTo(7);
    expect(need).toMatchObject({ databaseNodes: 1, partitions: 12, databaseBytesPerDay: 1_000 * 86_400 * 10_000 });
  });

  it('grows with the load: nodes and partitions follow the cores', () => {
    const need = needOf(demandOfCommissions(7_000_000, 'many'), figures);
    expect(need.databaseNodes).toBe(Math.ceil(4_000 / 32));
    expect(need.partitions).toBe(1_000);
  });

  it('asks twice as much for twice the users', () => {
    const one = needOf(demandOfUsers(10_000, 'one'), figures);
    const two = needOf(demandOfUsers(20_000, 'two'), figures);
    expect(two.totalCores).toBeCloseTo(2 * one.totalCores);
    expect(one.purchasesPerSecond).toBeCloseTo((10_000 * 0.02) / 60);
  });

  it('refuses to guess what was not measured', () => {
    expect(() => needOf(demandOfCommissions(1, 'one'), { ...figures, costs: {} })).toThrow('the cost of bulk');
    expect(perCore(0.002)).toBe(500);
  });
});
