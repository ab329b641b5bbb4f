// One set of real stores for all spec files of a project's run: one of those that TEST_STORE_SETS holds (as in `npm test`, where
// projects run beside each other, each on a set that is its own meanwhile), or the one that the environment names, or a new one.
// Needs the built libraries; without them each spec file starts stores of its own.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const library = new URL('./libs/stores/dist/index.js', import.meta.url);
const sets = new URL('./libs/testing/dist/store-sets.js', import.meta.url);

export default async function chooseStores() {
  if (process.env.TEST_POSTGRES_URL !== undefined || !existsSync(library)) return;
  if (process.env.TEST_STORE_SETS === undefined) return startStores();
  const { takeStoreSet } = await import(sets.href);
  name(await takeStoreSet(process.env.TEST_STORE_SETS));
}

async function startStores() {
  const { ensureSystemPackages, startKafka, startPostgres, startRedis } = await import(library.href);
  await ensureSystemPackages();
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [postgres, redis, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true }),
    startRedis({ dataDir: join(folder, 'redis'), diesWithParent: true }),
    startKafka({ dataDir: join(folder, 'kafka'), heapMb: 384, diesWithParent: true }),
  ]);
  name({ postgresUrl: postgres.url, redisUrl: redis.url, kafkaBrokers: kafka.brokers });
}

/** For `getStores`: jest's only worker is this process. */
function name({ postgresUrl, redisUrl, kafkaBrokers }) {
  process.env.TEST_POSTGRES_URL = postgresUrl;
  process.env.TEST_REDIS_URL = redisUrl;
  process.env.TEST_KAFKA_BROKERS = kafkaBrokers.join(',');
}
