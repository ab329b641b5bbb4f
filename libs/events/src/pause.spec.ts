import { describe, expect, it } from '@jest/globals';
import { backOffMs, pause, settledWithin } from './pause.js';

describe('backing off', () => {
  const limits = { firstMs: 100, maxMs: 5_000 };

  it.each([
    [0, 100],
    [1, 200],
    [5, 3_200],
    [6, 5_000],
    [2_000, 5_000],
  ])('try %i waits at most %i ms', (attempt, expectedMs) => {
    expect(backOffMs(attempt, limits, () => 0)).toBe(expectedMs);
  });

  it('takes off up to half, at random', () => {
    expect(backOffMs(1, limits, () => 0.5)).toBe(150);
    expect(backOffMs(1, limits, () => 1)).toBe(100);
  });
});

describe('a pause', () => {
  it('ends at once when its signal aborts, before or meanwhile', async () => {
    const abort = new AbortController();
    const waiting = pause(3_600_000, abort.signal);
    abort.abort();
    await waiting;
    await pause(3_600_000, abort.signal);
  });

  it('ends by itself', async () => {
    await pause(1, new AbortController().signal);
  });
});

describe('waiting for work to settle', () => {
  it('does not mind how it ends', async () => {
    await settledWithin(Promise.resolve(1), 3_600_000);
    await settledWithin(Promise.reject(new Error('late')), 3_600_000);
  });

  it('gives up on work that never ends', async () => {
    await settledWithin(new Promise(() => undefined), 1);
  });
});
