import { randomUUIDv7 } from 'node:crypto';

/** The time, handed in wherever a rule or a use case needs it, so that tests can choose it. */
export interface Clock {
  now(): Date;
}

/** The machine's wall clock: what goes into rows and events. */
export const systemClock: Clock = { now: () => new Date() };

/**
 * Counts up evenly from the process's start. For measuring silence and durations: unlike the wall clock it is never
 * stepped by NTP, so a corrected clock cannot make a healthy loop look dead.
 */
export const monotonicClock: Clock = { now: () => new Date(performance.timeOrigin + performance.now()) };

/** Makes a new id: a UUIDv7, so that rows written together lie together. Handed in, as the clock is. */
export type NewId = () => string;

/** Ids of a running service. */
export const newId: NewId = () => randomUUIDv7();
