import { describe, expect, it } from '@jest/globals';
import { bucketsOf, quantile, readSamples, since, sumOf } from './metrics-text.js';

const TEXT = `# HELP call_seconds Time of a call.
# TYPE call_seconds histogram
call_seconds_bucket{method="a",le="0.001"} 50
call_seconds_bucket{method="a",le="0.005"} 90
call_seconds_bucket{method="a",le="+Inf"} 100
call_seconds_bucket{method="b \\"quoted\\"",le="0.001"} 50
call_seconds_bucket{method="b \\"quoted\\"",le="0.005"} 100
call_seconds_bucket{method="b \\"quoted\\"",le="+Inf"} 100
call_seconds_count{method="a"} 100
lookups_total{outcome="hit"} 98
lookups_total{outcome="resolved"} 2
plain 1.5e3
`;

describe('what Prometheus reads', () => {
  const samples = readSamples(TEXT);

  it('is read with its labels, comments left out', () => {
    expect(samples).toHaveLength(10);
    expect(samples[3]?.labels['method']).toBe('b \\"quoted\\"');
    expect(sumOf(samples, 'plain')).toBe(1_500);
    expect(sumOf(samples, 'lookups_total')).toBe(100);
    expect(sumOf(samples, 'lookups_total', { outcome: 'hit' })).toBe(98);
  });

  it('gives quantiles over all series of a histogram, within a bucket evenly', () => {
    const buckets = bucketsOf(samples, 'call_seconds');
    expect(quantile(buckets, 0.5)).toBeCloseTo(0.001);
    // 150 of 190 lie in the second bucket's last part: 40 of 90 above the first hundred.
    expect(quantile(buckets, 0.7)).toBeCloseTo(0.001 + (0.004 * 40) / 90);
    expect(quantile(buckets, 0.99)).toBe(0.005);
  });

  it('of a stretch of time counts what came in it; of nothing is not a number', () => {
    const before = bucketsOf(samples, 'call_seconds');
    expect(quantile(since(before, before), 0.95)).toBeNaN();
    const after = bucketsOf(readSamples(TEXT.replace('"+Inf"} 100', '"+Inf"} 110')), 'call_seconds');
    expect(quantile(since(before, after), 0.5)).toBe(0.005);
  });
});
