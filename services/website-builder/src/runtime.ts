import { randomBytes } from 'node:crypto';
import { Authenticator, CachedApiKeys, isScope, jwksFromUrl, Revocations } from '@dailydoco/auth';
import { createPool, prismaAdapter } from '@dailydoco/database';
import { type Broker, kafkaBroker, Outbox } from '@dailydoco/events';
import { createGrpcClient } from '@dailydoco/grpc';
import { IdempotencyStore } from '@dailydoco/http';
import { type Clock, Lifecycle, type NewId, newId, systemClock } from '@dailydoco/lifecycle';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { createLogger, type Logger } from '@dailydoco/telemetry';
import type { Config } from './config.js';
import { PrismaClient } from './generated/client.js';
import type { ReferralCodes } from './releases/publish-site.js';
import { ReleaseFiles } from './releases/release-files.adapter.js';
import { ViralEngineCodes } from './releases/viral-engine.client.js';
import { ShippedTemplates } from './templates/template-files.adapter.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime {
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly pool: ReturnType<typeof createPool>;
  readonly prisma: PrismaClient;
  readonly outbox: Outbox;
  readonly idempotency: IdempotencyStore;
  readonly apiKeys: CachedApiKeys;
  readonly revocations: Revocations;
  readonly authenticator: Authenticator;
  readonly templates: ShippedTemplates;
  readonly storage: ReleaseFiles;
  readonly referralCodes: ReferralCodes;
  readonly broker: Broker;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

const SERVICE = 'website-builder';
const STATEMENT_TIMEOUT_MS = 30_000;
const DRAIN_TIMEOUT_MS = 10_000;
/** Requests wait for it, and a cached answer takes over when it does not come. */
const API_KEY_DEADLINE_MS = 1_000;

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
  const { apiKeys, referralCodes } = connectNeighbours(config, lifecycle);
  const revocations = new Revocations({ pool });
  return {
    config,
    logger,
    lifecycle,
    clock: systemClock,
    newId,
    randomBytes,
    pool,
    prisma: new PrismaClient({ adapter: prismaAdapter(pool) }),
    outbox: new Outbox({ source: `dailydoco/${SERVICE}`, newId }),
    idempotency: new IdempotencyStore(),
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
    templates: ShippedTemplates.load(),
    storage: new ReleaseFiles(config.SITES_DIR),
    referralCodes,
    broker: kafkaBroker({ brokers: config.KAFKA_BROKERS, clientId: SERVICE }),
    ...overrides,
  };
}

function connectNeighbours(config: Config, lifecycle: Lifecycle) {
  const common = { service: SERVICE, serviceSecret: config.INTERNAL_TOKEN_SECRET };
  const keys = createGrpcClient(ApiKeyServiceService, {
    ...common,
    address: config.IDENTITY_GRPC_ADDRESS,
    defaultDeadlineMs: API_KEY_DEADLINE_MS,
    retrySafeMethods: ['resolveApiKey'],
  });
  const referrals = createGrpcClient(ReferralServiceService, {
    ...common,
    address: config.VIRAL_ENGINE_GRPC_ADDRESS,
    retrySafeMethods: ['getReferralCode'],
  });
  lifecycle.onStop('stores', 'neighbours', async () => {
    for (const client of [keys, referrals]) client.close();
  });
  const apiKeys = new CachedApiKeys({
    resolve: async (keySha256) => {
      const { known, apiKeyId, tenantId, scopes } = await keys.resolveApiKey({ keySha256: Buffer.from(keySha256) });
      return known ? { apiKeyId, tenantId, scopes: scopes.filter(isScope) } : undefined;
    },
  });
  return { apiKeys, referralCodes: new ViralEngineCodes(referrals) };
}
