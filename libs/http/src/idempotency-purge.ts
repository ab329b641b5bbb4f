import type { Sql } from '@dailydoco/database';
import type { Lifecycle } from '@dailydoco/lifecycle';
import type { Logger } from '@dailydoco/telemetry';
import type { IdempotencyStore } from './idempotency.store.js';

/**
 * Deletes expired keys once a minute (`everyMs`) while the service runs. A failed round is logged and tried again in
 * the next; every replica may run it. Registers its own heartbeat and stop hook.
 */
export function purgeIdempotencyKeys(options: {
  store: IdempotencyStore;
  sql: Sql;
  lifecycle: Lifecycle;
  logger: Logger;
  everyMs?: number;
}): void {
  const { store, sql, lifecycle, logger, everyMs = 60_000 } = options;
  let round: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const purge = async (): Promise<void> => {
    try {
      const purged = await store.purgeExpired(sql);
      if (purged > 0) logger.debug({ purged }, 'expired idempotency keys deleted');
    } catch (error) {
      logger.warn({ err: error }, 'expired idempotency keys could not be deleted');
    }
  };
  lifecycle.onStart('idempotency-purge', async () => {
    const heartbeat = lifecycle.heartbeat('idempotency-purge', { maxSilenceMs: everyMs * 5 });
    timer = setInterval(() => {
      heartbeat.beat();
      round = round.then(purge);
    }, everyMs);
    lifecycle.signal.addEventListener('abort', () => heartbeat.stop(), { once: true });
  });
  lifecycle.onStop('relay', 'idempotency-purge', async () => {
    clearInterval(timer);
    await round;
  });
}
