/**
 * Works on the items of a stream at the same time and gives the results as they come. At most `limit` items are under
 * way or waiting for the reader: the source is read no faster than results are taken. An error of the source or of
 * the work ends the stream.
 */
export async function* mapInFlight<In, Out>(
  source: AsyncIterable<In>,
  limit: number,
  work: (item: In) => Promise<Out>,
): AsyncGenerator<Out, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const results: Out[] = [];
  let running = 0;
  let ended = false;
  let failure: { error: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const signal = (): void => {
    changed.resolve();
    changed = Promise.withResolvers<void>();
  };
  const run = async (item: In): Promise<void> => {
    try {
      results.push(await work(item));
    } catch (error) {
      failure ??= { error };
    } finally {
      running -= 1;
      signal();
    }
  };
  const read = async (): Promise<void> => {
    try {
      while (!ended && failure === undefined) {
        if (running + results.length >= limit) {
          await changed.promise;
          continue;
        }
        const next = await iterator.next();
        if (next.done === true) break;
        running += 1;
        void run(next.value);
      }
    } catch (error) {
      failure ??= { error };
    } finally {
      ended = true;
      signal();
    }
  };
  void read();
  try {
    for (;;) {
      yield* takeAll(results, signal);
      if (failure !== undefined) throw failure.error;
      if (ended && running === 0 && results.length === 0) return;
      if (results.length === 0) await changed.promise;
    }
  } finally {
    ended = true;
    signal();
    // A source that is waiting for its next item answers this only when it ends; nobody waits for that.
    iterator.return?.()?.catch(() => undefined);
  }
}

function* takeAll<Out>(results: Out[], signal: () => void): Generator<Out, void, undefined> {
  for (let taken = results.splice(0, 1); taken.length > 0; taken = results.splice(0, 1)) {
    signal();
    yield* taken;
  }
}

/** So many may be at it at once; the others wait in line. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
