import { setTimeout as wait } from 'node:timers/promises';

const TIMEOUT_MS = 60_000;
const PAUSE_MS = 200;

/** Waits until it is so; throws, naming what did not come, after a minute. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startedAt > TIMEOUT_MS)
      throw new Error(`${what} did not come within ${TIMEOUT_MS / 1_000} s`);
    await wait(PAUSE_MS);
  }
}

/** Throws when a number of the story is not the one that it must be. */
export function mustBe(what: string, found: unknown, expected: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what} should be ${should} and is ${is}`);
}
