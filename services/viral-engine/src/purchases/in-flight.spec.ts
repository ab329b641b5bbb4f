import { describe, expect, it } from '@jest/globals';
import { mapInFlight, Slots } from './in-flight.js';

async function* numbers(count: number, onRead: (n: number) => void = () => undefined) {
  for (let n = 0; n < count; n += 1) {
    onRead(n);
    yield n;
  }
}

/** Lets everything that is ready to run run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('Items in flight', () => {
  it('are all answered once, as they finish', async () => {
    const finish: (() => void)[] = [];
    const results: number[] = [];
    const done = (async () => {
      const work = (n: number) => new Promise<number>((resolve) => finish.push(() => resolve(n)));
      for await (const n of mapInFlight(numbers(3), 10, work)) results.push(n);
    })();
    await settle();
    finish[2]!();
    await settle();
    expect(results).toEqual([2]);
    finish[0]!();
    finish[1]!();
    await done;
    expect(results).toEqual([2, 0, 1]);
  });

  it('are never more than the limit, results that nobody took included', async () => {
    let read = 0;
    const stream = mapInFlight(
      numbers(100, (n) => (read = n + 1)),
      7,
      (n) => Promise.resolve(n),
    );
    expect((await stream.next()).value).toBe(0);
    await settle();
    // Seven more beside the one that was taken.
    expect(read).toBe(8);
    const rest: number[] = [];
    for await (const n of stream) rest.push(n);
    expect(rest).toHaveLength(99);
  });

  it('end with the error of the source, after what was done before', async () => {
    async function* broken() {
      yield 1;
      throw new Error('cut off');
    }
    const stream = mapInFlight(broken(), 5, (n) => Promise.resolve(n));
    await expect(stream.next()).resolves.toMatchObject({ value: 1 });
    await expect(stream.next()).rejects.toThrow('cut off');
  });

  it('leave the source alone when the reader leaves', async () => {
    let returned = false;
    const endless: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 1 }),
        return: () => {
          returned = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    for await (const _ of mapInFlight(endless, 2, (n) => Promise.resolve(n))) break;
    await settle();
    expect(returned).toBe(true);
  });
});

describe('Slots', () => {
  it('let so many in at once and the rest in turn', async () => {
    const slots = new Slots(2);
    let inside = 0;
    let most = 0;
    const order: number[] = [];
    const visits = Array.from({ length: 6 }, (_, n) =>
      slots.use(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await settle();
        order.push(n);
        inside -= 1;
      }),
    );
    await Promise.all(visits);
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('are given back when the work fails', async () => {
    const slots = new Slots(1);
    await expect(slots.use(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(slots.use(() => Promise.resolve('in'))).resolves.toBe('in');
  });
});
