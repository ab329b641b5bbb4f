/** How many timers of the service are about to fire. */
export interface ShortTimers {
  readonly pending: number;
  stop(): void;
}

/** Longer timers are bounds that must not be met while nothing goes wrong; shorter ones collect a group. */
const SHORT_MS = 20;

/** Counts the short timers that wait, so that it can be told when nothing is about to happen by itself. */
export function watchShortTimers(): ShortTimers {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const waiting = new Set<unknown>();
  const watched = (work: (...given: unknown[]) => void, ms = 0, ...given: unknown[]): NodeJS.Timeout => {
    const timer = set(() => {
      waiting.delete(timer);
      work(...given);
    }, ms);
    if (ms <= SHORT_MS) waiting.add(timer);
    return timer;
  };
  const clearing = (timer?: NodeJS.Timeout): void => {
    waiting.delete(timer);
    clear(timer);
  };
  Object.assign(globalThis, { setTimeout: watched, clearTimeout: clearing });
  return {
    get pending() {
      return waiting.size;
    },
    stop: () => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }),
  };
}
