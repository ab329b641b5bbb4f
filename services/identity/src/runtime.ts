import { Authenticator, CachedApiKeys, isScope, Revocations } from '@dailydoco/auth';
import { createPool, type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { type Broker, kafkaBroker, Outbox } from '@dailydoco/events';
import { createGrpcClient } from '@dailydoco/grpc';
import { IdempotencyStore } from '@dailydoco/http';
import { type Clock, Lifecycle, type NewId, newId, systemClock } from '@dailydoco/lifecycle';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { createLogger, type Logger } from '@dailydoco/telemetry';
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
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly pool: ReturnType<typeof createPool>;
  readonly redis: Redis;
  readonly outbox: Outbox;
  readonly idempotency: IdempotencyStore;
  readonly sealer: Sealer;
  readonly keyRing: KeyRing;
  readonly passwords: Passwords;
  readonly loginLimits: LoginLimits;
  readonly sendMail: SendMail;
  readonly apiKeys: CachedApiKeys;
  readonly revocations: Revocations;
  readonly authenticator: Authenticator;
  readonly askReferral: AskReferral;
  readonly broker: Broker;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

const SERVICE = 'identity';
const STATEMENT_TIMEOUT_MS = 15_000;
const DRAIN_TIMEOUT_MS = 10_000;
const REDIS_TIMEOUT_MS = 500;

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const logger = overrides.logger ?? createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const lifecycle = new Lifecycle({
    logger,
    notReadyDelayMs: config.SHUTDOWN_DELAY_MS,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  const clock = overrides.clock ?? systemClock;
  const pool = createPool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL_MAX,
    applicationName: SERVICE,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const sealer = new Sealer(Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'));
  const outbox = new Outbox({ source: `dailydoco/${SERVICE}`, newId });
  const redis = connectRedis(config, logger);
  const revocations = new Revocations({ pool });
  const keyRing = new KeyRing({
    pool,
    sealer,
    clock,
    newId,
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    rotationDays: config.SIGNING_KEY_ROTATION_DAYS,
  });
  const apiKeys = ownApiKeys({ pool, outbox, newId, revocations, clock });
  return {
    config,
    logger,
    lifecycle,
    clock,
    newId,
    pool,
    redis,
    outbox,
    idempotency: new IdempotencyStore(),
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
    ),
    sendMail: mailSender({ url: config.MAIL_URL, from: config.MAIL_FROM, newId }),
    apiKeys,
    revocations,
    authenticator: new Authenticator({
      jwks: keyRing,
      issuer: config.TOKEN_ISSUER,
      audience: config.TOKEN_AUDIENCE,
      apiKeys,
      serviceSecret: config.INTERNAL_TOKEN_SECRET,
      revocations,
      clock,
    }),
    askReferral: overrides.askReferral ?? connectViralEngine(config, lifecycle),
    broker: kafkaBroker({ brokers: config.KAFKA_BROKERS, clientId: SERVICE }),
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
    retryStrategy: (times) => Math.min(100 * times, 2_000),
  });
  redis.on('error', (err) => logger.warn({ err }, 'Redis is away; each replica counts failed sign-ins by itself'));
  return redis;
}

function ownApiKeys(tools: ConstructorParameters<typeof ApiKeyStore>[1] & Pick<Runtime, 'pool'>): CachedApiKeys {
  return new CachedApiKeys({
    resolve: (sha256) =>
      inDatabaseTransaction(tools.pool, async (tx: DatabaseTransaction) => {
        const key = await new ApiKeyStore(tx, tools).resolve(sha256);
        return key && { apiKeyId: key.id, tenantId: key.tenantId, scopes: key.scopes.filter(isScope) };
      }),
  });
}

function connectViralEngine(config: Config, lifecycle: Lifecycle): AskReferral {
  const client = createGrpcClient(ReferralServiceService, {
    address: config.VIRAL_ENGINE_GRPC_ADDRESS,
    service: SERVICE,
    serviceSecret: config.INTERNAL_TOKEN_SECRET,
    retrySafeMethods: ['checkReferral'],
  });
  lifecycle.onStop('stores', 'viral-engine', async () => client.close());
  return referralQuestions(client);
}
