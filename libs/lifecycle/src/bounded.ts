/** Waits. Kept apart from node:timers/promises so that a pending wait can be dropped when it is no longer needed. */
export function delay(ms: number): { done: Promise<'elapsed'>; cancel: () => void } {
  const { promise, resolve } = Promise.withResolvers<'elapsed'>();
  const timer = setTimeout(() => resolve('elapsed'), ms);
  return { done: promise, cancel: () => clearTimeout(timer) };
}

/** How a piece of work ended that was given only so long. Work that is late goes on; nobody waits for it any more. */
export type Outcome = { kind: 'done' } | { kind: 'failed'; error: unknown } | { kind: 'late' };

/** Starts the work and reports how it ended within `timeoutMs`; never rejects, whatever the work does. */
export function bounded(work: () => Promise<void>, timeoutMs: number): Promise<Outcome> {
  return within(outcomeOf(work), timeoutMs);
}

/** The outcome if it is there within `timeoutMs`, else `late`. */
export async function within(outcome: Promise<Outcome>, timeoutMs: number): Promise<Outcome> {
  const timer = delay(timeoutMs);
  try {
    return await Promise.race([outcome, timer.done.then((): Outcome => ({ kind: 'late' }))]);
  } finally {
    timer.cancel();
  }
}

/** Starts the work and reports how it ended; a throw before its first await counts as a failure like any other. */
export async function outcomeOf(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work();
    return { kind: 'done' };
  } catch (error) {
    return { kind: 'failed', error };
  }
}
