import { Authenticator, CachedApiKeys, isScope, jwksFromUrl, Revocations } from '@dailydoco/auth';
import { createPool } from '@dailydoco/database';
import { type Broker, kafkaBroker, Outbox } from '@dailydoco/events';
import { createGrpcClient } from '@dailydoco/grpc';
import { type Clock, Lifecycle, type NewId, newId, systemClock } from '@dailydoco/lifecycle';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { createLogger, type Logger } from '@dailydoco/telemetry';
import { InFlight } from './completions/in-flight.js';
import type { Config } from './config.js';
import { ModelRoutes } from './models/model-routes.js';
import { TemplateProvider } from './providers/template-provider.js';
import { UpstreamProvider } from './providers/upstream.client.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly pool: ReturnType<typeof createPool>;
  readonly outbox: Outbox;
  readonly routes: ModelRoutes;
  readonly inFlight: InFlight;
  readonly apiKeys: CachedApiKeys;
  readonly revocations: Revocations;
  readonly authenticator: Authenticator;
  readonly broker: Broker;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

const SERVICE = 'ai-gateway';
const STATEMENT_TIMEOUT_MS = 10_000;
/** What answers that were broken off at the end of a drain may still take to say so and be recorded. */
const LAST_RECORDS_MS = 3_000;
/** Requests wait for it, and a cached answer takes over when it does not come. */
const API_KEY_DEADLINE_MS = 1_000;

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const logger = overrides.logger ?? createLogger({ service: SERVICE, level: config.LOG_LEVEL });
  const lifecycle = new Lifecycle({
    logger,
    notReadyDelayMs: config.SHUTDOWN_DELAY_MS,
    drainTimeoutMs: config.COMPLETION_DRAIN_MS + LAST_RECORDS_MS,
  });
  const clock = overrides.clock ?? systemClock;
  const pool = createPool({
    connectionString: config.DATABASE_URL,
    max: config.DATABASE_POOL_MAX,
    applicationName: SERVICE,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  const apiKeys = connectApiKeys(config, lifecycle);
  const revocations = new Revocations({ pool });
  return {
    config,
    logger,
    lifecycle,
    clock,
    newId,
    pool,
    outbox: new Outbox({ source: `dailydoco/${SERVICE}`, newId }),
    routes: routesOf(config, { clock, lifecycle }),
    inFlight: new InFlight(),
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

/** The configured upstreams; the built-in templates only where there are none. */
function routesOf(config: Config, { clock, lifecycle }: Pick<Runtime, 'clock' | 'lifecycle'>): ModelRoutes {
  const { AI_UPSTREAMS: settings = [] } = config;
  if (settings.length === 0) return new ModelRoutes([new TemplateProvider({ newId, clock })]);
  const upstreams = settings.map(
    (upstream) =>
      new UpstreamProvider({
        ...upstream,
        connections: config.UPSTREAM_CONNECTIONS,
        connectTimeoutMs: config.UPSTREAM_CONNECT_TIMEOUT_MS,
        headersTimeoutMs: config.UPSTREAM_HEADERS_TIMEOUT_MS,
        bodyTimeoutMs: config.UPSTREAM_BODY_TIMEOUT_MS,
        retries: { attemptsMax: config.UPSTREAM_ATTEMPTS_MAX, waitMaxMs: config.UPSTREAM_RETRY_WAIT_MAX_MS },
        clock,
        random: Math.random,
      }),
  );
  lifecycle.onStop('stores', 'upstreams', async () => {
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });
  return new ModelRoutes(upstreams);
}

function connectApiKeys(config: Config, lifecycle: Lifecycle): CachedApiKeys {
  const keys = createGrpcClient(ApiKeyServiceService, {
    address: config.IDENTITY_GRPC_ADDRESS,
    service: SERVICE,
    serviceSecret: config.INTERNAL_TOKEN_SECRET,
    defaultDeadlineMs: API_KEY_DEADLINE_MS,
    retrySafeMethods: ['resolveApiKey'],
  });
  lifecycle.onStop('stores', 'neighbours', async () => keys.close());
  return new CachedApiKeys({
    resolve: async (keySha256) => {
      const { known, apiKeyId, tenantId, scopes } = await keys.resolveApiKey({ keySha256: Buffer.from(keySha256) });
      return known ? { apiKeyId, tenantId, scopes: scopes.filter(isScope) } : undefined;
    },
  });
}
