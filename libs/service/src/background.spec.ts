import { Lifecycle } from '@dailydoco/lifecycle';
import { eventually } from '@dailydoco/testing';
import { createLogger } from '@dailydoco/telemetry';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { repeat, type RestoreHoldWatch } from './index.js';

const logger = createLogger({ service: 'spec', level: 'silent' });
let lifecycle: Lifecycle;

beforeEach(() => {
  lifecycle = new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 1_000 });
});
afterEach(() => lifecycle.shutdown('the spec is over'));

describe('a repeated task', () => {
  it('runs again and again from the start of the service on, not before', async () => {
    let runs = 0;
    repeat({ lifecycle, logger }, { name: 'task', everyMs: 1, run: async () => ++runs < 0 });
    expect(runs).toBe(0);
    await lifecycle.start();
    await eventually(() => expect(runs).toBeGreaterThan(2));
  });

  it('goes on after a run that failed, and is alive all the while', async () => {
    let runs = 0;
    const run = async (): Promise<boolean> => {
      runs += 1;
      throw new Error('the store is away');
    };
    repeat({ lifecycle, logger }, { name: 'task', everyMs: 1, run });
    await lifecycle.start();
    await eventually(() => expect(runs).toBeGreaterThan(2));
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
  });

  it('stands still, alive, while the database is held, and goes on when it is not', async () => {
    const restoreHold = { isHeld: true };
    let [runs, looked] = [0, 0];
    const held = Object.defineProperty({}, 'isHeld', {
      get: () => {
        looked += 1;
        return restoreHold.isHeld;
      },
    }) as Pick<RestoreHoldWatch, 'isHeld'>;
    repeat({ lifecycle, logger, restoreHold: held }, { name: 'task', everyMs: 1, run: async () => ++runs < 0 });
    await lifecycle.start();
    await eventually(() => expect(looked).toBeGreaterThan(2));
    expect(runs).toBe(0);
    expect(lifecycle.live()).toEqual({ ok: true, failed: [] });
    restoreHold.isHeld = false;
    await eventually(() => expect(runs).toBeGreaterThan(0));
  });

  it('lets a run that is under way finish before the service has stopped', async () => {
    const begun = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    let finished = false;
    const run = async (): Promise<boolean> => {
      begun.resolve();
      await letGo.promise;
      finished = true;
      return false;
    };
    repeat({ lifecycle, logger }, { name: 'task', everyMs: 60_000, run });
    await lifecycle.start();
    await begun.promise;
    const stopped = lifecycle.shutdown('while it runs');
    letGo.resolve();
    await stopped;
    expect(finished).toBe(true);
  });
});
