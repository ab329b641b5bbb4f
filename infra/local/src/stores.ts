import { resolve } from 'node:path';
import {
  type AdvertisedListener,
  type KafkaStore,
  type PostgresStore,
  type RedisStore,
  ensureKafkaJars,
  ensureSystemPackages,
  startKafka,
  startPostgres,
  startRedis,
  walArchiveSettings,
} from '@dailydoco/stores';
import type { FleetLayout } from './layout.js';
import type { Progress } from './progress.js';
import { markOf, type ProcessMark } from './run-record.js';

/** Stores that the environment names, so that none of that kind is started. */
export interface GivenStores {
  readonly postgres: boolean;
  /** Where the Postgres that is started keeps its write-ahead log, so that it can be brought back to any moment. */
  readonly walArchiveDir?: string;
  readonly redisUrl?: string;
  readonly kafkaBrokers?: readonly string[];
}

export function givenStores(env: NodeJS.ProcessEnv): GivenStores {
  return {
    postgres: Object.keys(env).some((key) => key.startsWith('DATABASE_URL_')),
    ...(env['WAL_ARCHIVE_DIR'] === undefined ? {} : { walArchiveDir: resolve(env['WAL_ARCHIVE_DIR']) }),
    ...(env['REDIS_URL'] === undefined ? {} : { redisUrl: env['REDIS_URL'] }),
    ...(env['KAFKA_BROKERS'] === undefined ? {} : { kafkaBrokers: env['KAFKA_BROKERS'].split(',') }),
  };
}

export interface RunningStores {
  readonly postgres: PostgresStore | undefined;
  readonly redis: RedisStore | undefined;
  readonly kafka: KafkaStore | undefined;
  readonly redisUrl: string;
  readonly kafkaBrokers: readonly string[];
  marks(): ProcessMark[];
  stop(): Promise<void>;
}

interface StartStores {
  readonly layout: FleetLayout;
  readonly ports: Readonly<Record<string, number>>;
  readonly progress: Progress;
  readonly given: GivenStores;
  /** Further ways to Kafka, for proxies in between. */
  readonly kafkaAdvertised?: readonly AdvertisedListener[];
}

/** Starts what is not given; what already runs is stopped again when a later one fails. */
export async function startStores(options: StartStores): Promise<RunningStores> {
  const { layout, ports, progress, given, kafkaAdvertised: advertised = [] } = options;
  const started: (PostgresStore | RedisStore | KafkaStore)[] = [];
  const stop = async (): Promise<void> => {
    for (const store of started.splice(0).reverse()) await store.stop();
  };
  const keep = <T extends PostgresStore | RedisStore | KafkaStore>(store: T): T => {
    started.push(store);
    return store;
  };
  const port = (name: string): { port: number } | Record<string, never> =>
    ports[name] === undefined ? {} : { port: ports[name] };
  try {
    if (given.redisUrl === undefined || given.kafkaBrokers === undefined) {
      await progress.step('find Redis, Java and Maven', (note) => ensureSystemPackages({ onProgress: note }));
    }
    const postgres = given.postgres
      ? undefined
      : keep(
          await progress.step('start Postgres', (note) =>
            startPostgres({
              dataDir: layout.postgresDir,
              ...port('postgres'),
              onProgress: note,
              ...(given.walArchiveDir === undefined ? {} : { settings: walArchiveSettings(given.walArchiveDir) }),
            }),
          ),
        );
    const redis =
      given.redisUrl === undefined
        ? keep(
            await progress.step('start Redis', (note) =>
              startRedis({ dataDir: layout.redisDir, ...port('redis'), onProgress: note }),
            ),
          )
        : undefined;
    const kafka =
      given.kafkaBrokers === undefined
        ? keep(await startLocalKafka(layout, { ...port('kafka'), advertised }, progress))
        : undefined;
    return {
      postgres,
      redis,
      kafka,
      redisUrl: given.redisUrl ?? redis?.url ?? '',
      kafkaBrokers: given.kafkaBrokers ?? kafka?.brokers ?? [],
      marks: () =>
        [
          { name: 'postgres', pid: postgres?.pid },
          { name: 'redis', pid: redis?.pid },
          { name: 'kafka', pid: kafka?.pid },
        ].flatMap(({ name, pid }) => (pid === undefined ? [] : [markOf(name, pid)])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startLocalKafka(
  layout: FleetLayout,
  listeners: { port?: number; advertised: readonly AdvertisedListener[] },
  progress: Progress,
): Promise<KafkaStore> {
  const jarsDir = await progress.step('find Kafka’s jars', (note) => ensureKafkaJars({ onProgress: note }));
  return progress.step('start Kafka', (note) =>
    startKafka({ dataDir: layout.kafkaDir, jarsDir, heapMb: 512, ...listeners, onProgress: note }),
  );
}
