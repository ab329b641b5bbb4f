import { mkdirSync } from 'node:fs';
import { Redis } from 'ioredis';
import { freePort, StoreProcess } from './store-process.js';

export interface RedisOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly diesWithParent?: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface RedisStore {
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly logFile: string;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

/** Starts redis-server on the loopback address with its append-only file in the data folder. */
export async function startRedis(options: RedisOptions): Promise<RedisStore> {
  const { dataDir } = options;
  const port = options.port ?? (await freePort());
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const url = `redis://127.0.0.1:${port}`;
  const store = new StoreProcess({
    name: 'Redis',
    command: 'redis-server',
    args: [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--dir',
      dataDir,
      '--appendonly',
      'yes',
      '--daemonize',
      'no',
      '--save',
      '',
    ],
    cwd: dataDir,
    logFile: `${dataDir}.log`,
    port,
    stopSignal: 'SIGTERM',
    answers: () => ping(url),
    ...(options.diesWithParent === undefined ? {} : { diesWithParent: options.diesWithParent }),
  });
  await store.start();
  return Object.assign(store, { url });
}

async function ping(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 2_000,
    maxRetriesPerRequest: 0,
    // On a connection that is gone already, disconnecting would keep a timer for two seconds.
    disconnectTimeout: 0,
  });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
