import { DomainError } from '@dailydoco/errors';
import { Breaker } from '@dailydoco/resilience';
import type { Logger } from '@dailydoco/telemetry';
import type { Redis } from 'ioredis';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Sealer } from '../secrets/sealer.js';
import type { LoginLimits } from './sign-in.js';

export interface LimitSettings {
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowSeconds: number;
}

/** A counter for all replicas, and one of this replica's own for as long as the other is away. */
interface Counter {
  readonly shared: RateLimiterRedis;
  readonly own: RateLimiterMemory;
}

/** Each sign-in asks twice, and while Redis only stalls each question takes its whole timeout. */
const FAILURES_IN_ROW = 3;

/**
 * Failed sign-ins by account and by address, counted in Redis for all replicas; while Redis is away each replica counts by
 * itself, never nobody, and after some failures without asking Redis first. Keys are digests: Redis holds no address of
 * anybody.
 */
export class RedisLoginLimits implements LoginLimits {
  readonly #accounts: Counter;
  readonly #addresses: Counter;
  readonly #sealer: Sealer;
  readonly #breaker: Breaker;

  constructor(redis: Redis, settings: LimitSettings, sealer: Sealer, logger?: Logger) {
    const counterOf = (keyPrefix: string, points: number): Counter => {
      const limits = { keyPrefix, points, duration: settings.windowSeconds };
      return {
        shared: new RateLimiterRedis({ ...limits, storeClient: redis, rejectIfRedisNotReady: true }),
        own: new RateLimiterMemory(limits),
      };
    };
    this.#accounts = counterOf('identity:login:account', settings.perAccount);
    this.#addresses = counterOf('identity:login:address', settings.perAddress);
    this.#sealer = sealer;
    // A refusal by count is an answer; whatever else is thrown is Redis not answering.
    const judge = (error: unknown) => (error instanceof RateLimiterRes ? 'answered' : 'failed');
    this.#breaker = new Breaker({ client: 'redis', failuresInRow: FAILURES_IN_ROW, judge, logger });
  }

  async take({ account, address }: { account: string; address: string }): Promise<void> {
    await this.#on(this.#addresses, (limiter) => limiter.consume(this.#key(address), 1));
    await this.#on(this.#accounts, (limiter) => limiter.consume(this.#key(account), 1));
  }

  async giveBack({ account, address }: { account: string; address: string }): Promise<void> {
    await this.#on(this.#accounts, (limiter) => limiter.delete(this.#key(account)));
    await this.#on(this.#addresses, (limiter) => limiter.reward(this.#key(address), 1));
  }

  async #on(counter: Counter, work: (limiter: RateLimiterAbstract) => Promise<unknown>): Promise<void> {
    try {
      await this.#breaker.run(() => work(counter.shared));
    } catch (error) {
      if (error instanceof RateLimiterRes) throw limited(error);
      await work(counter.own).catch((refused: unknown) => {
        throw refused instanceof RateLimiterRes ? limited(refused) : refused;
      });
    }
  }

  #key(text: string): string {
    return this.#sealer.digest(text, 'login limit').toString('base64url');
  }
}

function limited({ msBeforeNext }: RateLimiterRes): DomainError {
  return new DomainError('RATE_LIMITED', {
    detail: 'Too many attempts.',
    retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)),
  });
}
