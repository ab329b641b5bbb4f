import { describe, expect, it } from '@jest/globals';
import { PeriodicTask } from './periodic-task.js';

function task(runs: (boolean | Error)[], everyMs = 1) {
  const seen = { runs: 0, beats: 0, stops: 0, errors: [] as unknown[] };
  const allDone = Promise.withResolvers<void>();
  const periodic = new PeriodicTask({
    everyMs,
    run: () => {
      const outcome = runs[seen.runs] ?? false;
      seen.runs += 1;
      if (seen.runs >= runs.length) allDone.resolve();
      return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
    },
    onError: (error) => seen.errors.push(error),
    signs: { beat: () => (seen.beats += 1), stop: () => (seen.stops += 1) },
  });
  return { periodic, seen, allDone: allDone.promise };
}

describe('A periodic task', () => {
  it('goes on after a run that failed, and gives a sign of life with every attempt', async () => {
    const { periodic, seen, allDone } = task([new Error('away'), new Error('still away'), false, false]);
    periodic.start();
    await allDone;
    await periodic.stop();
    expect(seen.errors).toHaveLength(2);
    expect(seen.beats).toBe(seen.runs);
    expect(seen.stops).toBe(1);
  });

  it('runs again at once while there is more to do', async () => {
    const { periodic, seen, allDone } = task([true, true, true, false], 3_600_000);
    periodic.start();
    await allDone;
    await periodic.stop();
    expect(seen.runs).toBe(4);
  });

  it('stops in the middle of its pause', async () => {
    const { periodic, seen, allDone } = task([false], 3_600_000);
    periodic.start();
    await allDone;
    await periodic.stop();
    expect(seen.runs).toBe(1);
  });
});
