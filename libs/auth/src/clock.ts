/** The time of day, handed in so that tests can choose it. */
export interface Clock {
  now(): Date;
}

export const wallClock: Clock = { now: () => new Date() };
