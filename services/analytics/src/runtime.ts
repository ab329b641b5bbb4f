import { Authenticator, CachedApiKeys, isScope, jwksFromUrl, Revocations } from '@dailydoco/auth';
import { createPool } from '@dailydoco/database';
import { type Broker, kafkaBroker } from '@dailydoco/events';
import { createGrpcClient } from '@dailydoco/grpc';
import { IdempotencyStore } from '@dailydoco/http';
import { type Clock, Lifecycle, type NewId, newId, systemClock } from '@dailydoco/lifecycle';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { createLogger, type Logger } from '@dailydoco/telemetry';
import { findKey } from './access/find-key.js';
import { identityKeys, siteWriteKeys } from './access/key-issuers.client.js';
import type { Config } from './config.js';
import { GroupedEventWriter } from './events/event-writer.adapter.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly pool: ReturnType<typeof createPool>;
  readonly idempotency: IdempotencyStore;
  readonly eventWriter: GroupedEventWriter;
  readonly apiKeys: CachedApiKeys;
  readonly revocations: Revocations;
  readonly authenticator: Authenticator;
  readonly broker: Broker;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

const SERVICE = 'analytics';
const STATEMENT_TIMEOUT_MS = 30_000;
const DRAIN_TIMEOUT_MS = 10_000;
/** Requests wait for it, and a cached answer takes over when it does not come. */
const KEY_DEADLINE_MS = 1_000;

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const logger = overrides.logger ?? createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const lifecycle = new Lifecycle({
    logger,
    notReadyDelayMs: config.SHUTDOWN_DELAY_MS,
    drainTimeoutMs: DRAIN_TIMEOUT_MS,
  });
  const pool = createPool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL_MAX,
    applicationName: SERVICE,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const idempotency = new IdempotencyStore();
  const apiKeys = connectKeyIssuers(config, lifecycle);
  const revocations = new Revocations({ pool });
  return {
    config,
    logger,
    lifecycle,
    clock: systemClock,
    newId,
    pool,
    idempotency,
    eventWriter: new GroupedEventWriter({ pool, idempotency, newId, maxQueued: config.EVENT_QUEUE_MAX }),
    apiKeys,
    revocations,
    authenticator: new Authenticator({
      jwks: jwksFromUrl({ url: config.JWKS_URL }),
      issuer: config.TOKEN_ISSUER,
      audience: config.TOKEN_AUDIENCE,
      apiKeys,
      serviceSecret: config.INTERNAL_TOKEN_SECRET,
      revocations,
    }),
    broker: kafkaBroker({ brokers: config.KAFKA_BROKERS, clientId: SERVICE }),
    ...overrides,
  };
}

function connectKeyIssuers(config: Config, lifecycle: Lifecycle): CachedApiKeys {
  const common = {
    service: SERVICE,
    serviceSecret: config.INTERNAL_TOKEN_SECRET,
    defaultDeadlineMs: KEY_DEADLINE_MS,
  };
  const identity = createGrpcClient(ApiKeyServiceService, {
    ...common,
    address: config.IDENTITY_GRPC_ADDRESS,
    retrySafeMethods: ['resolveApiKey'],
  });
  const sites = createGrpcClient(SiteServiceService, {
    ...common,
    address: config.WEBSITE_BUILDER_GRPC_ADDRESS,
    retrySafeMethods: ['resolveWriteKey'],
  });
  lifecycle.onStop('stores', 'neighbours', async () => {
    for (const client of [identity, sites]) client.close();
  });
  const issuers = [identityKeys(identity), siteWriteKeys(sites)];
  return new CachedApiKeys({
    resolve: async (sha256) => {
      const known = await findKey(issuers, sha256);
      return known && { ...known, scopes: known.scopes.filter(isScope) };
    },
  });
}
