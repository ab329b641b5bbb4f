import { afterEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { barrier } from '@dailydoco/testing';
import fc from 'fast-check';
import { LostCommitError } from './database-errors.js';
import { GroupWriter } from './group-writer.js';

const writers: GroupWriter<never, never>[] = [];
function writer(options: ConstructorParameters<typeof GroupWriter<number, string>>[0]): GroupWriter<number, string> {
  const made = new GroupWriter<number, string>(options);
  writers.push(made as never);
  return made;
}
afterEach(async () => {
  for (const made of writers.splice(0)) await made.close();
});

const reason = (error: unknown): string => (error instanceof DomainError ? error.reason : String(error));
const answers = (all: PromiseSettledResult<string>[]): string[] =>
  all.map((one) => (one.status === 'fulfilled' ? one.value : reason(one.reason)));

describe('group commit', () => {
  it('commits concurrent items together and answers each its own', async () => {
    const groups: number[][] = [];
    const group = writer({ name: 't', commit: (items) => (groups.push(items), Promise.resolve(items.map(String))) });
    expect(await Promise.all([1, 2, 3].map((n) => group.submit(n)))).toEqual(['1', '2', '3']);
    expect(groups).toEqual([[1, 2, 3]]);
  });

  it('answers a refused item with its error, and commits the others', async () => {
    const group = writer({
      name: 't',
      commit: (items) => Promise.resolve(items.map((n) => (n === 2 ? new DomainError('CONFLICT') : String(n)))),
    });
    expect(answers(await Promise.allSettled([1, 2, 3].map((n) => group.submit(n))))).toEqual(['1', 'CONFLICT', '3']);
  });

  it('splits a group down to the item whose data the database refuses', async () => {
    const committed: number[] = [];
    const group = writer({
      name: 't',
      commit: (items) => {
        if (items.includes(13)) return Promise.reject(Object.assign(new Error('bad data'), { code: '22003' }));
        committed.push(...items);
        return Promise.resolve(items.map(String));
      },
    });
    const settled = await Promise.allSettled([11, 12, 13, 14, 15].map((n) => group.submit(n)));
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(committed.toSorted((a, b) => a - b)).toEqual([11, 12, 14, 15]);
  });

  it('refuses what has waited too long for a group that does not begin, and commits what came in time', async () => {
    const { promise: hanging, resolve: comeBack } = Promise.withResolvers<void>();
    const committed: number[] = [];
    const group = writer({
      name: 't',
      maxGroup: 1,
      maxQueuedMs: 40,
      commit: async (items) => {
        await hanging;
        committed.push(...items);
        return items.map(String);
      },
    });
    const begun = group.submit(1);
    const waiting = [2, 3].map((n) => group.submit(n));
    expect(answers(await Promise.allSettled(waiting))).toEqual(['OVERLOADED', 'OVERLOADED']);
    comeBack();
    expect(await begun).toBe('1');
    expect(await group.submit(4)).toBe('4');
    expect(committed).toEqual([1, 4]);
  });

  it('does not split when the store is away: everybody may try again', async () => {
    let tries = 0;
    const group = writer({
      name: 't',
      commit: () => {
        tries += 1;
        return Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
      },
    });
    expect(answers(await Promise.allSettled([1, 2].map((n) => group.submit(n))))).toEqual([
      'UNAVAILABLE',
      'UNAVAILABLE',
    ]);
    expect(tries).toBe(1);
  });

  it('reads what stands after a commit whose fate is unknown, before anybody is answered', async () => {
    const group = writer({
      name: 't',
      commit: () => Promise.reject(new LostCommitError(new Error('gone'))),
      resolveAfterLostCommit: (items) => Promise.resolve(items.map((n) => (n === 1 ? 'stands' : undefined))),
    });
    expect(answers(await Promise.allSettled([1, 2].map((n) => group.submit(n))))).toEqual(['stands', 'UNAVAILABLE']);
  });

  it('refuses past its bound, and drops an item whose caller has gone before its group', async () => {
    const open = barrier(2);
    const seen: number[][] = [];
    const group = writer({
      name: 't',
      maxGroup: 1,
      maxQueued: 2,
      commit: async (items) => {
        seen.push(items);
        if (items[0] === 1) await open();
        return items.map(String);
      },
    });
    const first = group.submit(1);
    const caller = new AbortController();
    const waiting = [group.submit(2, { signal: caller.signal }), group.submit(3)];
    const past = await Promise.allSettled([group.submit(4)]);
    caller.abort();
    await open();
    expect(answers(past)).toEqual(['OVERLOADED']);
    expect(answers(await Promise.allSettled([first, ...waiting]))).toEqual(['1', 'CANCELLED', '3']);
    expect(seen).toEqual([[1], [3]]);
  });

  it('waits for company again behind a group that has ended', async () => {
    const open = barrier(2);
    const groups: number[][] = [];
    const group = writer({
      name: 't',
      maxGroup: 2,
      maxWaitMs: 10_000,
      commit: async (items) => {
        groups.push(items);
        if (items[0] === 1) await open();
        return items.map(String);
      },
    });
    const first = [group.submit(1), group.submit(2)];
    const third = group.submit(3);
    await open();
    await Promise.all(first);
    await Promise.all([third, group.submit(4)]);
    expect(groups).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('begins with enough items, and takes more where more have come', async () => {
    const open = barrier(2);
    const groups: number[][] = [];
    const group = writer({
      name: 't',
      maxGroup: 4,
      enough: 2,
      maxWaitMs: 10_000,
      commit: async (items) => {
        groups.push(items);
        if (items[0] === 1) await open();
        return items.map(String);
      },
    });
    const told = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => group.submit(n));
    await open();
    await Promise.all(told);
    expect(groups).toEqual([
      [1, 2],
      [3, 4, 5, 6],
      [7, 8],
    ]);
  });

  it('commits those that wait at once when it is closed', async () => {
    const open = barrier(2);
    const group = writer({
      name: 't',
      maxGroup: 1,
      maxWaitMs: 60_000,
      commit: async (items) => {
        if (items[0] === 1) await open();
        return items.map(String);
      },
    });
    const told = [group.submit(1), group.submit(2)];
    const closed = group.close();
    await open();
    await closed;
    expect(await Promise.all(told)).toEqual(['1', '2']);
  });

  it('answers every item exactly once, whatever the groups and whichever items are guilty', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (guilty, maxGroup) => {
          const committed = new Map<number, number>();
          const group = writer({
            name: 't',
            maxGroup,
            maxWaitMs: 0,
            commit: (items) => {
              if (items.some((n) => guilty[n]))
                return Promise.reject(Object.assign(new Error('bad'), { code: '23514' }));
              for (const n of items) committed.set(n, (committed.get(n) ?? 0) + 1);
              return Promise.resolve(items.map(String));
            },
          });
          const settled = await Promise.allSettled(guilty.map((_, n) => group.submit(n)));
          await group.close();
          settled.forEach((one, n) => {
            expect(one.status).toBe(guilty[n] ? 'rejected' : 'fulfilled');
            expect(committed.get(n)).toBe(guilty[n] ? undefined : 1);
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});
