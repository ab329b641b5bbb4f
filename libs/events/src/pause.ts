/** Waits; ends early, without an error, when the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    resolve();
  };
  const timer = setTimeout(end, ms);
  signal.addEventListener('abort', end, { once: true });
  return promise;
}

export interface BackOff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait before try number `attempt + 1`: doubles from `firstMs` to `maxMs`, of which a random half is taken
 * off so that many that failed together do not come back together. `attempt` counts from 0.
 */
export function backOffMs(attempt: number, { firstMs, maxMs }: BackOff, random: () => number = Math.random): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return full * (1 - random() / 2);
}

/** Waits for the work, but no longer than `ms`; an error of the work, early or late, is of no interest any more. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  const late = new AbortController();
  const done = work.then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([done, pause(ms, late.signal)]);
  late.abort();
}
