import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Bulkhead } from './bulkhead.js';
import { PeerGuard } from './peer-guard.js';

const reasonOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(String, (error: unknown) => (error instanceof DomainError ? error.reason : String(error)));

describe('a bulkhead', () => {
  it('lets so many through, lets so many wait, and refuses the rest at once', async () => {
    const bulkhead = new Bulkhead({ client: 'spec', concurrent: 2, queued: 1 });
    const { promise: held, resolve: release } = Promise.withResolvers<string>();
    const calls = [1, 2, 3].map(() => bulkhead.run(() => held));
    expect(await reasonOf(bulkhead.run(async () => 'never'))).toBe('OVERLOADED');
    release('done');
    expect(await Promise.all(calls)).toEqual(['done', 'done', 'done']);
    expect(await bulkhead.run(async () => 'again')).toBe('again');
  });

  it('answers who has waited long enough, or was called off, before the turn comes, and never does that work', async () => {
    const bulkhead = new Bulkhead({ client: 'spec', concurrent: 1, queued: 2 });
    const { promise: held, resolve: release } = Promise.withResolvers<string>();
    const first = bulkhead.run(() => held);
    const done: string[] = [];
    const work = (name: string) => async () => void done.push(name);
    const caller = new AbortController();
    const late = bulkhead.run(work('late'), { waitMs: 5 });
    const cancelled = bulkhead.run(work('cancelled'), { signal: caller.signal });
    expect(await reasonOf(late)).toBe('OVERLOADED');
    caller.abort(new DomainError('CANCELLED'));
    expect(await reasonOf(cancelled)).toBe('CANCELLED');
    release('done');
    await first;
    await bulkhead.run(work('next'));
    expect(done).toEqual(['next']);
  });

  it('never has more under way or waiting than it may, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 0, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }),
        async (concurrent, queued, turns) => {
          const bulkhead = new Bulkhead({ client: 'spec', concurrent, queued });
          let running = 0;
          let most = 0;
          const calls = turns.map((microtasks) =>
            bulkhead.run(async () => {
              running += 1;
              most = Math.max(most, running);
              for (let n = 0; n < microtasks; n += 1) await Promise.resolve();
              running -= 1;
            }),
          );
          const ends = await Promise.allSettled(calls);
          expect(most).toBeLessThanOrEqual(concurrent);
          // All came in the same moment, so exactly those find room that there is room for.
          expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(
            Math.min(turns.length, concurrent + queued),
          );
          bulkhead.close();
        },
      ),
    );
  });

  it('can be held by work that is no single promise', async () => {
    const bulkhead = new Bulkhead({ client: 'spec', concurrent: 1, queued: 0 });
    const leave = await bulkhead.enter();
    expect(await reasonOf(bulkhead.run(async () => 'never'))).toBe('OVERLOADED');
    expect(await reasonOf(bulkhead.enter())).toBe('OVERLOADED');
    leave();
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await bulkhead.run(async () => 'room')).toBe('room');
  });
});

describe('a guard', () => {
  const newGuard = () => new PeerGuard({ client: 'spec', concurrent: 2, queued: 2, failuresInRow: 2 });
  const away = (): Promise<never> => Promise.reject(new DomainError('UNAVAILABLE'));

  it('tells those who wait, too, when the breaker opens meanwhile', async () => {
    const guard = newGuard();
    const { promise: held, reject } = Promise.withResolvers<never>();
    const running = [guard.run(() => held), guard.run(() => held)];
    let asked = 0;
    const waiting = [1, 2].map(() => guard.run(async () => void (asked += 1)));
    reject(new DomainError('UNAVAILABLE'));
    await Promise.allSettled([...running, ...waiting]);
    expect(asked).toBe(0);
    for (const call of waiting) await expect(call).rejects.toThrow('cannot be reached');
  });

  it('does not open for its own full bulkhead', async () => {
    const guard = newGuard();
    const { promise: held, resolve } = Promise.withResolvers<void>();
    const calls = [1, 2, 3, 4].map(() => guard.run(() => held));
    for (let n = 0; n < 10; n += 1) expect(await reasonOf(guard.run(away))).toBe('OVERLOADED');
    resolve();
    await Promise.all(calls);
    expect(await guard.run(async () => 'closed')).toBe('closed');
  });

  it('judges work that is no single promise by what it is told of its end', async () => {
    const guard = newGuard();
    for (let n = 0; n < 2; n += 1) (await guard.enter()).end(new DomainError('UNAVAILABLE'));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(guard.enter()).rejects.toThrow('cannot be reached');
    const other = newGuard();
    for (let n = 0; n < 5; n += 1) {
      const passage = await other.enter();
      passage.answered();
      passage.end(new DomainError('UNAVAILABLE'));
    }
    await new Promise((resolve) => setImmediate(resolve));
    (await other.enter()).end();
  });
});
