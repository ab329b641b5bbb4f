import { setTimeout as wait } from 'node:timers/promises';
import { ApiError } from '@dailydoco/local';

const TRIES = 8;
const PAUSE_MS = 1_000;

/** Tries again what was answered 503 or not at all, as a caller of the API should. What is refused otherwise is thrown. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const mayPass = !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
      if (!mayPass || tries >= TRIES) throw error;
      await wait(PAUSE_MS);
    }
  }
}
