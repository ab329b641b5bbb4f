import { Revocations } from '@dailydoco/auth';
import { createPool } from '@dailydoco/database';
import { type Broker, kafkaBroker, Outbox } from '@dailydoco/events';
import {
  createGrpcClient,
  type GrpcClient,
  type GrpcClientOptions,
  type GrpcTls,
  type ServiceDefinition,
} from '@dailydoco/grpc';
import { IdempotencyStore } from '@dailydoco/http';
import { type Clock, Lifecycle, type NewId, newId, systemClock } from '@dailydoco/lifecycle';
import { createLogger, type Logger } from '@dailydoco/telemetry';
import { grpcTlsOf } from './grpc-tls.js';
import { kafkaOptionsOf } from './kafka.js';
import { RestoreHoldWatch } from './restore-hold.js';
import type { ServiceConfig } from './settings.js';

/** What every service stands on. A service's runtime is this and what only that service has. */
export interface Basis<Config extends ServiceConfig = ServiceConfig> {
  /** The service's name: in logs, service tokens, events' sources, consumer groups. */
  readonly service: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly pool: ReturnType<typeof createPool>;
  readonly outbox: Outbox;
  readonly idempotency: IdempotencyStore;
  readonly revocations: Revocations;
  readonly broker: Broker;
  /** Whether the service may change anything: not after a restore, until somebody has accepted it. */
  readonly restoreHold: RestoreHoldWatch;
  /** How this process shows itself to its neighbours and knows them; undefined: gRPC is plain text. */
  readonly grpcTls: GrpcTls | undefined;
}

export interface BasisOptions<Config extends ServiceConfig> {
  readonly service: string;
  readonly config: Config;
  /** For tests that set the clock, catch the logs or bring a broker of their own. */
  readonly overrides?: Partial<Basis<Config>>;
  /** Bound of each stage of a shutdown. Default 10,000. */
  readonly drainTimeoutMs?: number;
}

/** Makes the basis; nothing connects yet. */
export function createBasis<Config extends ServiceConfig>(options: BasisOptions<Config>): Basis<Config> {
  const { service, config, overrides = {}, drainTimeoutMs = 10_000 } = options;
  const logger = overrides.logger ?? createLogger({ service, level: config.LOG_LEVEL });
  const pool =
    overrides.pool ??
    createPool({
      connectionString: config.DATABASE_URL,
      max: config.DATABASE_POOL_MAX,
      applicationName: service,
      statementTimeoutMs: config.DATABASE_STATEMENT_TIMEOUT_MS,
      acquireTimeoutMs: config.DATABASE_ACQUIRE_TIMEOUT_MS,
      logger,
    });
  const lifecycle =
    overrides.lifecycle ?? new Lifecycle({ logger, notReadyDelayMs: config.SHUTDOWN_DELAY_MS, drainTimeoutMs });
  const grpcTls = 'grpcTls' in overrides ? overrides.grpcTls : grpcTlsOf(config, logger);
  lifecycle.onStop('stores', 'certificates', async () => grpcTls?.certificates.close());
  return {
    service,
    config,
    logger,
    lifecycle,
    grpcTls,
    clock: systemClock,
    newId,
    pool,
    outbox: new Outbox({ source: `dailydoco/${service}`, newId: overrides.newId ?? newId }),
    idempotency: new IdempotencyStore(),
    revocations: new Revocations({ pool }),
    broker: kafkaBroker({ ...kafkaOptionsOf(config), clientId: service }),
    restoreHold: new RestoreHoldWatch({ sql: pool, logger }),
    ...overrides,
  };
}

/** A client of a neighbour's RPCs in this service's name, closed when the service stops. */
export function connect<D extends ServiceDefinition>(
  {
    service,
    config,
    lifecycle,
    logger,
    grpcTls: tls,
  }: Pick<Basis, 'service' | 'config' | 'lifecycle' | 'logger' | 'grpcTls'>,
  definition: D,
  options: Omit<GrpcClientOptions<D>, 'service' | 'serviceSecret' | 'tls' | 'logger'>,
): GrpcClient<D> {
  const serviceSecret = config.INTERNAL_TOKEN_SECRET;
  const client = createGrpcClient(definition, { ...options, service, serviceSecret, tls, logger });
  lifecycle.onStop('stores', `neighbour ${options.address}`, async () => client.close());
  return client;
}
