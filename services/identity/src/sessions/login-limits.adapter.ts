import { DomainError } from '@dailydoco/errors';
import type { Redis } from 'ioredis';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Sealer } from '../secrets/sealer.js';
import type { LoginLimits } from './sign-in.js';

export interface LimitSettings {
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowSeconds: number;
}

/**
 * Failed sign-ins by account and by address, counted in Redis for all replicas; while Redis is away each replica counts by
 * itself, never nobody. Keys are digests: Redis holds no address of anybody.
 */
export class RedisLoginLimits implements LoginLimits {
  readonly #accounts: RateLimiterRedis;
  readonly #addresses: RateLimiterRedis;
  readonly #sealer: Sealer;

  constructor(redis: Redis, settings: LimitSettings, sealer: Sealer) {
    const limiter = (keyPrefix: string, points: number): RateLimiterRedis =>
      new RateLimiterRedis({
        storeClient: redis,
        keyPrefix,
        points,
        duration: settings.windowSeconds,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory({ keyPrefix, points, duration: settings.windowSeconds }),
      });
    this.#accounts = limiter('identity:login:account', settings.perAccount);
    this.#addresses = limiter('identity:login:address', settings.perAddress);
    this.#sealer = sealer;
  }

  async take({ account, address }: { account: string; address: string }): Promise<void> {
    await takeOne(this.#addresses, this.#key(address));
    await takeOne(this.#accounts, this.#key(account));
  }

  async giveBack({ account, address }: { account: string; address: string }): Promise<void> {
    await this.#accounts.delete(this.#key(account));
    await this.#addresses.reward(this.#key(address), 1);
  }

  #key(text: string): string {
    return this.#sealer.digest(text, 'login limit').toString('base64url');
  }
}

async function takeOne(limiter: RateLimiterRedis, key: string): Promise<void> {
  try {
    await limiter.consume(key, 1);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new DomainError('RATE_LIMITED', {
      detail: 'Too many attempts.',
      retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1_000)),
    });
  }
}
