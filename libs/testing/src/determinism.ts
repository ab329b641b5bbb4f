/** A clock that stands still until it is told otherwise. */
export interface FakeClock {
  now(): Date;
  set(to: Date): void;
  advance(byMs: number): void;
}

export function fakeClock(start: Date): FakeClock {
  let now = new Date(start);
  return {
    now: () => new Date(now),
    set: (to) => {
      now = new Date(to);
    },
    advance: (byMs) => {
      now = new Date(now.getTime() + byMs);
    },
  };
}
