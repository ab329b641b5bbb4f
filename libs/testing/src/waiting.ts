import { setTimeout as wait } from 'node:timers/promises';

const TIMEOUT_MS = 15_000;
const EVERY_MS = 50;

/** Runs `attempt` until it does not throw, and resolves to its answer; past the bound throws what it threw last. */
export async function eventually<T>(
  attempt: () => T | Promise<T>,
  options: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const deadline = Date.now() + (options.timeoutMs ?? TIMEOUT_MS);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await wait(options.everyMs ?? EVERY_MS);
  }
}

/** A meeting point: each call waits until `parties` calls have been made. Proves races without sleeping. */
export function barrier(parties: number): () => Promise<void> {
  let arrived = 0;
  const meeting = Promise.withResolvers<void>();
  return () => {
    arrived += 1;
    if (arrived >= parties) meeting.resolve();
    return meeting.promise;
  };
}
