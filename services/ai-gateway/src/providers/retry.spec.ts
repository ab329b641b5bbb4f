import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRetryAfter, pauseBeforeRetry, RetryBudget } from './retry.js';

const limits = { attemptsMax: 3, waitMaxMs: 1_000 };

describe('The pause before another try', () => {
  it.each([
    { attempts: 1, waitedMs: 0, retryAfterMs: undefined, jitter: 0.5, pause: 200 },
    { attempts: 2, waitedMs: 200, retryAfterMs: undefined, jitter: 0.5, pause: 400 },
    { attempts: 1, waitedMs: 0, retryAfterMs: undefined, jitter: 0, pause: 100 },
    { attempts: 1, waitedMs: 0, retryAfterMs: 700, jitter: 0, pause: 700 },
    { attempts: 1, waitedMs: 0, retryAfterMs: 2_000, jitter: 0, pause: undefined },
    { attempts: 2, waitedMs: 700, retryAfterMs: undefined, jitter: 0.5, pause: undefined },
    { attempts: 3, waitedMs: 0, retryAfterMs: undefined, jitter: 0, pause: undefined },
  ])('is $pause ms: $attempts tries, $waitedMs ms waited, asked for $retryAfterMs', ({ pause, ...state }) => {
    expect(pauseBeforeRetry(state, limits)).toBe(pause);
  });

  it('never lets the tries or the waiting grow past their limits', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            jitter: fc.double({ min: 0, max: 1, noNaN: true }),
            after: fc.option(fc.nat(2_000), { nil: undefined }),
          }),
        ),
        (failures) => {
          let waitedMs = 0;
          let attempts = 1;
          for (const { jitter, after } of failures) {
            const pause = pauseBeforeRetry({ attempts, waitedMs, retryAfterMs: after, jitter }, limits);
            if (pause === undefined) break;
            attempts += 1;
            waitedMs += pause;
          }
          expect(attempts).toBeLessThanOrEqual(limits.attemptsMax);
          expect(waitedMs).toBeLessThanOrEqual(limits.waitMaxMs);
        },
      ),
    );
  });
});

describe('The budget of retries', () => {
  it('is spent by a burst, and then allows one retry for ten calls', () => {
    const budget = new RetryBudget();
    let granted = 0;
    for (let call = 0; call < 1_000; call += 1) {
      budget.earn();
      if (budget.spend()) granted += 1;
    }
    expect(granted).toBeGreaterThanOrEqual(100);
    expect(granted).toBeLessThanOrEqual(111);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-06-01T12:00:00Z');
  it.each([
    ['2', 2_000],
    ['0', 0],
    ['Mon, 01 Jun 2026 12:00:05 GMT', 5_000],
    ['Mon, 01 Jun 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, expected) => expect(parseRetryAfter(header, now)).toBe(expected));
});
