import type { Logger } from '@dailydoco/telemetry';
import { Redis } from 'ioredis';

/** A request waits so long for its count; past it, it is counted here. */
const TIMEOUT_MS = 300;
const LONGEST_RETRY_MS = 2_000;

/** The Redis that counts requests. Not yet connected; while it is away nothing queues up, and one line of the log says so. */
export function countingRedis(url: string, logger: Pick<Logger, 'info' | 'warn'>): Redis {
  const redis = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: TIMEOUT_MS,
    connectTimeout: TIMEOUT_MS,
    // Disconnecting while Redis is away waits this long for a connection that is gone already, and keeps the process alive.
    disconnectTimeout: TIMEOUT_MS,
    retryStrategy: (times) => Math.min(100 * times, LONGEST_RETRY_MS),
  });
  let away = false;
  redis.on('error', (err) => {
    if (!away) logger.warn({ err }, 'Redis is away; requests are counted in this process alone');
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.info('Redis is back');
    away = false;
  });
  return redis;
}
