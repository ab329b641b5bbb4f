import { describe, expect, it } from '@jest/globals';
import { judge, readTargets } from './target.js';

const targets = readTargets('{"p50": {"below": 20, "unit": "ms"}, "hits": {"above": 95, "unit": "%"}}');
const verdicts = (measured: Record<string, number | undefined>) =>
  judge(targets, measured).map(({ verdict }) => verdict);

describe('targets', () => {
  it.each([
    [{ p50: 19.9, hits: 95.1 }, ['pass', 'pass']],
    [{ p50: 20, hits: 95 }, ['fail', 'fail']],
    [{ p50: 300 }, ['fail', 'not measured']],
    [{ p50: undefined, hits: Number.NaN }, ['not measured', 'not measured']],
  ])('judge %j as %j: the bound itself is not enough', (measured: Record<string, number | undefined>, expected) => {
    expect(verdicts(measured)).toEqual(expected);
  });

  it('are told in their unit, finer when small', () => {
    expect(judge(targets, { p50: 0.01234, hits: 99.87 })).toMatchObject([
      { wanted: '< 20 ms', measured: '0.012 ms' },
      { wanted: '> 95 %', measured: '99.9 %' },
    ]);
  });

  it('refuse a figure that none of them is about, and a target without a bound', () => {
    expect(() => judge(targets, { p05: 1 })).toThrow('no target is named p05');
    expect(() => readTargets('{"p50": {"unit": "ms"}}')).toThrow('p50 needs one of');
    expect(() => readTargets('{"p50": {"below": 1, "above": 2, "unit": "ms"}}')).toThrow('p50 needs one of');
  });
});
