// One set of real stores for all spec files of a project's run, unless the environment names one already (as `npm test` does).
// Needs the built library; without it each spec file starts stores of its own.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const library = new URL('./libs/stores/dist/index.js', import.meta.url);

export default async function startStores() {
  if (process.env.TEST_POSTGRES_URL !== undefined || !existsSync(library)) return;
  const { ensureSystemPackages, startKafka, startPostgres, startRedis } = await import(library.href);
  await ensureSystemPackages();
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-test-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [postgres, redis, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true }),
    startRedis({ dataDir: join(folder, 'redis'), diesWithParent: true }),
    startKafka({ dataDir: join(folder, 'kafka'), heapMb: 384, diesWithParent: true }),
  ]);
  process.env.TEST_POSTGRES_URL = postgres.url;
  process.env.TEST_REDIS_URL = redis.url;
  process.env.TEST_KAFKA_BROKERS = kafka.brokers.join(',');
}
