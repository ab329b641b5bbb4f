import { describe, expect, it } from '@jest/globals';
import { monotonicClock, newId, systemClock } from './index.js';

describe('the clocks', () => {
  it('agree about the day', () => {
    const differenceMs = Math.abs(systemClock.now().getTime() - monotonicClock.now().getTime());
    expect(differenceMs).toBeLessThan(86_400_000);
  });

  it('never step back, if monotonic', () => {
    const times = Array.from({ length: 10_000 }, () => monotonicClock.now().getTime());
    expect(times).toEqual(times.toSorted((left, right) => left - right));
  });
});

describe('a new id', () => {
  it('is a UUID of version 7 that carries the time it was made', () => {
    const before = Date.now();
    const id = newId();
    const after = Date.now();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const madeAtMs = Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
    expect(madeAtMs).toBeGreaterThanOrEqual(before);
    expect(madeAtMs).toBeLessThanOrEqual(after);
  });

  it('is never made twice', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId())).size).toBe(10_000);
  });
});
