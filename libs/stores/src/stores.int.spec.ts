import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { freePort, listens, startKafka, startPostgres, startRedis } from './index.js';

// These stores are this spec's own, because it kills them.
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stores-spec-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const isListening = (port: number): Promise<boolean> =>
  listens(port).then(
    () => true,
    () => false,
  );

async function ask(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('Postgres', () => {
  it('keeps what was committed over a kill -9, at the same address', async () => {
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true });
    await ask(postgres.url, 'CREATE TABLE kept (value text)');
    await ask(postgres.url, "INSERT INTO kept VALUES ('committed')");
    const before = postgres.pid;
    await postgres.kill('SIGKILL');
    expect(await isListening(postgres.port)).toBe(false);
    await postgres.restart();
    expect(postgres.pid).not.toBe(before);
    expect(await ask(postgres.url, 'SELECT value FROM kept')).toEqual([{ value: 'committed' }]);
    await postgres.stop();
    expect(await isListening(postgres.port)).toBe(false);
  });

  it('waits for what a killed one has left behind', async () => {
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true });
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => undefined);
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const pid = rows[0]!.pid;
    process.kill(pid, 'SIGSTOP');
    await postgres.kill('SIGKILL');
    const restarted = postgres.restart();
    const log = (): string => readFileSync(postgres.logFile, 'utf8');
    while (!/pre-existing shared memory block/.test(log())) await wait(50);
    process.kill(pid, 'SIGCONT');
    await restarted;
    expect(await ask(postgres.url, 'SELECT value FROM kept')).toEqual([{ value: 'committed' }]);
    await postgres.stop();
  });

  it('keeps its password and its data when it is started anew in the same folder', async () => {
    const again = await startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true });
    expect(await ask(again.url, 'SELECT value FROM kept')).toEqual([{ value: 'committed' }]);
    await again.stop();
  });

  it('says why it did not start, with the end of its log', async () => {
    const port = await freePort();
    const holder = await startRedis({ dataDir: join(folder, 'port-holder'), port, diesWithParent: true });
    await expect(startPostgres({ dataDir: join(folder, 'postgres'), port })).rejects.toThrow(
      /did not start[\s\S]*port/,
    );
    await holder.stop();
  });
});

describe('Redis', () => {
  it('keeps what it acknowledged over a restart', async () => {
    const redis = await startRedis({ dataDir: join(folder, 'redis'), diesWithParent: true });
    const first = new Redis(redis.url);
    await first.set('kept', 'yes');
    first.disconnect();
    await redis.restart();
    const second = new Redis(redis.url);
    expect(await second.get('kept')).toBe('yes');
    second.disconnect();
    await redis.stop();
  });
});

describe('Kafka', () => {
  it('keeps acknowledged messages over a kill -9', async () => {
    const kafka = await startKafka({ dataDir: join(folder, 'kafka'), heapMb: 256, diesWithParent: true });
    const client = () => new Kafka({ clientId: 'spec', brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    const producer = client().producer();
    await producer.connect();
    await producer.send({ topic: 'kept', acks: -1, messages: [{ value: 'acknowledged' }] });
    await producer.disconnect();
    await kafka.kill('SIGKILL');
    await kafka.restart();
    const reader = client().admin();
    await reader.connect();
    expect(await reader.fetchTopicOffsets('kept')).toMatchObject([{ high: '1' }]);
    await reader.disconnect();
    await kafka.stop();
  });

  it('refuses a folder that is not its own with a message that helps', async () => {
    writeFileSync(join(folder, 'not-a-folder'), '');
    await expect(startKafka({ dataDir: join(folder, 'not-a-folder', 'kafka') })).rejects.toThrow(/ENOTDIR/);
  });
});
