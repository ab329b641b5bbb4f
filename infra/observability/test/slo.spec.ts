import { describe, expect, it } from '@jest/globals';
import { runbookOf } from '../src/rules/rule.js';
import { burnThreshold, CRITICAL, SLO_GROUPS, SLOS, WARNING } from '../src/rules/slo.js';

const MINUTES = { m: 1, h: 60, d: 1_440 } as const;
const PERIOD_MINUTES = 30 * MINUTES.d;

function minutes(window: string): number {
  const unit = window.at(-1);
  if (unit !== 'm' && unit !== 'h' && unit !== 'd') throw new Error(`no window: ${window}`);
  return Number(window.slice(0, -1)) * MINUTES[unit];
}

describe('Burn rates', () => {
  it.each([
    ['14.4 for an hour', CRITICAL[0], 0.02],
    ['6 for six hours', CRITICAL[1], 0.05],
    ['3 for a day', WARNING[0], 0.1],
    ['1 for three days', WARNING[1], 0.1],
  ] as const)('%s use up a part of the budget', (_name, pair, part) => {
    const { factor, long } = pair!;
    expect((factor * minutes(long)) / PERIOD_MINUTES).toBeCloseTo(part, 10);
  });

  it.each([
    ['api-availability', 14.4, 0.0144],
    ['api-availability', 1, 0.001],
    ['api-latency', 14.4, 0.72],
    ['purchases-accepted', 14.4, 0.0072],
    ['purchases-accepted', 6, 0.003],
    ['event-freshness', 3, 0.03],
  ] as const)('%s at %d times the budget: %d', (name, factor, threshold) => {
    expect(burnThreshold(SLOS.find((slo) => slo.name === name)!, factor)).toBe(threshold);
  });

  it('can be reached: none asks for more than all', () => {
    for (const slo of SLOS) expect(burnThreshold(slo, 14.4)).toBeLessThan(1);
  });

  it('have every window recorded that they look at', () => {
    const text = JSON.stringify(SLO_GROUPS);
    const recorded = new Set([...text.matchAll(/"record":"([^"]+)"/g)].map(([, name]) => name));
    const asked = new Set([...text.matchAll(/dailydoco:slo_errors:ratio_rate\d+[mhd]/g)].map(([name]) => name));
    expect(asked).toEqual(new Set(recorded));
  });
});

describe('A runbook', () => {
  it('is named as its alert', () => {
    expect(runbookOf('ApiAvailabilityBudgetBurn')).toBe('api-availability-budget-burn.md');
    expect(runbookOf('HttpSlow')).toBe('http-slow.md');
  });
});
