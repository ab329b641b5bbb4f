import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { restWhileBusy } from './rest-while-busy.js';

/** Keeps the process busy from turn to turn until it is stopped; counts the turns. */
function keepBusy(): { stop: () => Promise<number> } {
  let isOver = false;
  const busy = (async () => {
    let turns = 0;
    while (!isOver) {
      for (let until = performance.now() + 1; performance.now() < until; );
      turns += 1;
      await nextTurn();
    }
    return turns;
  })();
  return {
    stop: () => {
      isOver = true;
      return busy;
    },
  };
}

describe('restWhileBusy', () => {
  it('leaves the process to others for longer than the work took', async () => {
    const others = keepBusy();
    await restWhileBusy(25);
    // A millisecond each: they had the time that the work took, and more.
    expect(await others.stop()).toBeGreaterThan(25);
  });

  it('ends when nobody is busy, however long the work took', async () => {
    const given = await Promise.race([restWhileBusy(60_000).then(() => 'rested'), nextTurns(2_000)]);
    expect(given).toBe('rested');
  });

  it('ends at once when it is to stop', async () => {
    const others = keepBusy();
    await restWhileBusy(60_000, AbortSignal.abort());
    expect(await others.stop()).toBeLessThan(1_000);
  });
});

async function nextTurns(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms).unref());
  return 'too late';
}
