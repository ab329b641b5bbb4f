import { performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';

/** Share of its time that the process is busy with other work, past which what may come later takes a fifth of it only. */
const BUSY = 0.5;
const WATCH_MS = 10;
const REST_PER_WORK = 4;
const MAX_REST_MS = 2_000;

/**
 * Between two pieces of work that may come later, where answers to callers may not. The process is watched for moments in
 * which that work does nothing: while others keep it busy, the rest goes on, for four times as long as the piece took
 * and two seconds at most. `stop` ends it at once.
 */
export async function restWhileBusy(tookMs: number, stop?: AbortSignal): Promise<void> {
  const longestMs = Math.min(MAX_REST_MS, tookMs * REST_PER_WORK);
  const startedAtMs = performance.now();
  do {
    const before = performance.eventLoopUtilization();
    await wait(WATCH_MS, undefined, stop && { signal: stop }).catch(() => undefined);
    if (stop?.aborted === true || performance.eventLoopUtilization(before).utilization < BUSY) return;
  } while (performance.now() - startedAtMs < longestMs);
}
