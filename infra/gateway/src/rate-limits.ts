import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { KongPlugin } from './kong.js';

export interface RateVerdict {
  readonly allowed: boolean;
  /** What a refused client is told. */
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

const WINDOW_SECONDS = 60;

/** One `rate-limiting` entry: so many requests a minute and address, counted in Redis, or here while Redis is away. */
export class RateLimit {
  readonly #perMinute: number;
  readonly #message: string;
  readonly #limiter: RateLimiterRedis;

  /** `place`: the route's name, or `global`; entries of one place count together, as Kong's keys do, whatever they allow. */
  constructor(plugin: KongPlugin, { redis, place }: { redis: Redis; place: string }) {
    this.#perMinute = Number(plugin.config['minute']);
    const message = plugin.config['error_message'];
    this.#message = typeof message === 'string' ? message : 'API rate limit exceeded';
    const common = { keyPrefix: `gateway:${place}`, points: this.#perMinute, duration: WINDOW_SECONDS };
    this.#limiter = new RateLimiterRedis({
      ...common,
      storeClient: redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(common),
    });
  }

  async take(address: string): Promise<RateVerdict> {
    try {
      return { allowed: true, message: this.#message, headers: this.#headers(await this.#limiter.consume(address, 1)) };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      const headers = this.#headers(refused);
      const retryAfter = headers['ratelimit-reset'] ?? '1';
      return { allowed: false, message: this.#message, headers: { ...headers, 'retry-after': retryAfter } };
    }
  }

  /** Named as Kong names them. */
  #headers({ remainingPoints, msBeforeNext }: RateLimiterRes): Record<string, string> {
    const remaining = String(Math.max(0, remainingPoints));
    return {
      'ratelimit-limit': String(this.#perMinute),
      'ratelimit-remaining': remaining,
      'ratelimit-reset': String(Math.max(1, Math.ceil(msBeforeNext / 1_000))),
      'x-ratelimit-limit-minute': String(this.#perMinute),
      'x-ratelimit-remaining-minute': remaining,
    };
  }
}
