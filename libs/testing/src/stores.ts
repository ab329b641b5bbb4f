import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureSystemPackages, startKafka, startPostgres, startRedis } from '@dailydoco/stores';

/** Where specs find the real stores. */
export interface TestStores {
  /** The superuser's. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly kafkaBrokers: readonly string[];
}

let started: Promise<TestStores> | undefined;

/**
 * The stores of this run: those that TEST_POSTGRES_URL, TEST_REDIS_URL and TEST_KAFKA_BROKERS name (a whole-repository run shares one set), else
 * a set of this process's own, which ends with it.
 */
export function getStores(): Promise<TestStores> {
  const { TEST_POSTGRES_URL, TEST_REDIS_URL, TEST_KAFKA_BROKERS } = process.env;
  if (TEST_POSTGRES_URL !== undefined && TEST_REDIS_URL !== undefined && TEST_KAFKA_BROKERS !== undefined) {
    return Promise.resolve({
      postgresUrl: TEST_POSTGRES_URL,
      redisUrl: TEST_REDIS_URL,
      kafkaBrokers: TEST_KAFKA_BROKERS.split(','),
    });
  }
  started ??= startStores();
  return started;
}

async function startStores(): Promise<TestStores> {
  await ensureSystemPackages();
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [postgres, redis, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true }),
    startRedis({ dataDir: join(folder, 'redis'), diesWithParent: true }),
    startKafka({ dataDir: join(folder, 'kafka'), heapMb: 384, diesWithParent: true }),
  ]);
  return { postgresUrl: postgres.url, redisUrl: redis.url, kafkaBrokers: kafka.brokers };
}

let prefixes = 0;

/** A prefix no other spec file uses, so that each has topics of its own. */
export function uniqueTopicPrefix(): string {
  prefixes += 1;
  return `t${Date.now().toString(36)}-${process.pid}-${prefixes}.`;
}
