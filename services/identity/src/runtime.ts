import { Authenticator, CachedApiKeys, isScope } from '@dailydoco/auth';
import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { type Basis, type Callers, connect, createBasis } from '@dailydoco/service';
import type { Logger } from '@dailydoco/telemetry';
import { Redis } from 'ioredis';
import { ApiKeyStore } from './api-keys/api-key.store.js';
import type { Config } from './config.js';
import { mailSender, type SendMail } from './mails/nodemailer.adapter.js';
import { Sealer } from './secrets/sealer.js';
import { Argon2Passwords } from './sessions/argon2.adapter.js';
import { RedisLoginLimits } from './sessions/login-limits.adapter.js';
import type { LoginLimits, Passwords } from './sessions/sign-in.js';
import { KeyRing } from './signing-keys/key-ring.adapter.js';
import { referralQuestions } from './users/referral-check.client.js';
import type { AskReferral } from './users/registration.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly redis: Redis;
  readonly sealer: Sealer;
  readonly keyRing: KeyRing;
  readonly passwords: Passwords;
  readonly loginLimits: LoginLimits;
  readonly sendMail: SendMail;
  readonly askReferral: AskReferral;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

const REDIS_TIMEOUT_MS = 500;
/** A connection on which nothing comes back for so long is thrown away for a new one. */
const REDIS_SILENCE_MS = 2_000;

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({ service: 'identity', config, overrides });
  const { pool, clock, newId } = basis;
  const sealer = new Sealer(Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'));
  const redis = connectRedis(config, basis.logger);
  const keyRing = new KeyRing({
    pool,
    sealer,
    clock,
    newId,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    rotationDays: config.SIGNING_KEY_ROTATION_DAYS,
  });
  return {
    ...basis,
    ...ownCallers(basis, keyRing),
    redis,
    sealer,
    keyRing,
    passwords: new Argon2Passwords(),
    loginLimits: new RedisLoginLimits(
      redis,
      {
        perAccount: config.LOGIN_ATTEMPTS_PER_ACCOUNT,
        perAddress: config.LOGIN_ATTEMPTS_PER_ADDRESS,
        windowSeconds: config.LOGIN_WINDOW_SECONDS,
      },
      sealer,
      basis.logger,
    ),
    sendMail: mailSender({ url: config.MAIL_URL, from: config.MAIL_FROM, newId, logger: basis.logger }),
    askReferral: overrides.askReferral ?? connectViralEngine(basis),
    ...overrides,
  };
}

function connectRedis(config: Config, logger: Logger): Redis {
  const redis = new Redis(config.REDIS_URL, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: REDIS_TIMEOUT_MS,
    commandTimeout: REDIS_TIMEOUT_MS,
    socketTimeout: REDIS_SILENCE_MS,
    retryStrategy: (times) => Math.min(100 * times, 2_000),
  });
  redis.on('error', (err) => logger.warn({ err }, 'Redis is away; each replica counts failed sign-ins by itself'));
  return redis;
}

/** Other services ask identity who is calling; identity reads its own tables. */
function ownCallers(basis: Basis<Config>, keyRing: KeyRing): Callers {
  const { config, pool, revocations, clock } = basis;
  const apiKeys = new CachedApiKeys({
    resolve: (sha256) =>
      inDatabaseTransaction(pool, async (tx: DatabaseTransaction) => {
        const key = await new ApiKeyStore(tx, basis).resolve(sha256);
        return key && { apiKeyId: key.id, tenantId: key.tenantId, scopes: key.scopes.filter(isScope) };
      }),
  });
  const authenticator = new Authenticator({
    jwks: keyRing,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    apiKeys,
    serviceSecret: config.INTERNAL_TOKEN_SECRET,
    revocations,
    clock,
  });
  return { apiKeys, authenticator };
}

function connectViralEngine(basis: Basis<Config>): AskReferral {
  const client = connect(basis, ReferralServiceService, {
    address: basis.config.VIRAL_ENGINE_GRPC_ADDRESS,
    retrySafeMethods: ['checkReferral'],
  });
  return referralQuestions(client);
}
