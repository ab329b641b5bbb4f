import { describe, expect, it } from '@jest/globals';
import { readSummary } from './k6-summary.js';

const trend = { med: 4, 'p(95)': 20, 'p(99)': 30, max: 40, count: 100 };
const summary = (metrics: object): string => JSON.stringify({ metrics });

describe('the summary of a load', () => {
  it('tells rates, errors, and times of each call that was made', () => {
    const figures = readSummary(
      summary({
        http_reqs: { values: { count: 100, rate: 10 } },
        iterations: { values: { count: 50, rate: 5 } },
        dropped_iterations: { values: { count: 3, rate: 0.3 } },
        http_req_failed: { values: { rate: 0.01, passes: 1, fails: 99 } },
        checks: { values: { passes: 199, fails: 1, rate: 0.995 } },
        http_req_duration: { values: trend },
        'http_req_duration{name:widget event}': { values: { ...trend, count: 7 } },
        'http_req_duration{name:never}': { values: { count: 0 } },
      }),
    );
    expect(figures).toEqual({
      iterationsPerSecond: 5,
      requestsPerSecond: 10,
      dropped: 3,
      errorRate: 0.01,
      failedChecks: 1,
      all: { count: 100, p50Ms: 4, p95Ms: 20, p99Ms: 30 },
      byCall: { 'widget event': { count: 7, p50Ms: 4, p95Ms: 20, p99Ms: 30 } },
    });
  });

  it('is refused when nothing was sent', () => {
    expect(() => readSummary(summary({ checks: { values: { fails: 0 } } }))).toThrow('k6 sent no request');
  });
});
