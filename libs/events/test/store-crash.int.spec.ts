import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import { startKafka, startPostgres } from '@dailydoco/stores';
import { Client } from 'pg';
import { ensureTopics } from '../src/index.js';
import { pause } from '../src/pause.js';
import { Fixture, migrate, recorder, upTo } from './fixture.js';

// These specs kill stores, so they have a Postgres and a Kafka of their own.
let directory: string;
let postgres: Awaited<ReturnType<typeof startPostgres>>;
let kafka: Awaited<ReturnType<typeof startKafka>>;
let fixture: Fixture;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'events-store-crash-'));
  postgres = await startPostgres({ dataDir: join(directory, 'postgres'), diesWithParent: true });
  kafka = await startKafka({ dataDir: join(directory, 'kafka'), heapMb: 384, diesWithParent: true });
}, 120_000);
beforeEach(async () => {
  const name = `crash_${Date.now()}`;
  const admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  await admin.query(`CREATE DATABASE ${name}`);
  await admin.end();
  const url = new URL(postgres.url);
  url.pathname = name;
  await migrate(url.href, 'postgres');
  fixture = new Fixture(url.href, kafka.brokers, `${name}.`);
  fixture.onClose(() => fixture.pool.end());
  await ensureTopics(fixture.broker, 1);
}, 60_000);
afterEach(() => fixture.close());
afterAll(async () => {
  await kafka.stop();
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
});

const KEYS = ['a', 'b', 'c', 'd'];

/** Writes until told to stop, whatever fails meanwhile, but not far ahead of the relay. */
function writeOn(): { stop: () => Promise<void> } {
  const over = new AbortController();
  const writing = KEYS.map(async (key) => {
    while (!over.signal.aborted) {
      // While the store is away this fails. Whether the last change was committed is for the table to say.
      const ahead = await fixture.unpublished().catch(() => Number.POSITIVE_INFINITY);
      if (ahead < 2_000) await fixture.change(key, 5).catch(() => undefined);
      else await pause(20, over.signal);
    }
  });
  const stop = async (): Promise<void> => {
    over.abort();
    await Promise.all(writing);
  };
  fixture.onClose(stop);
  return { stop };
}

async function appliedCount(): Promise<number> {
  return (await fixture.appliedBy('steady')).length;
}

async function untilMoreIsApplied(): Promise<void> {
  const before = await eventually(appliedCount);
  await eventually(async () => expect(await appliedCount()).toBeGreaterThan(before + 50), { timeoutMs: 60_000 });
}

/** What was written, by the writers' own table, must be what was applied: all of it, once, in order. */
async function expectEverythingAppliedOnceInOrder(): Promise<void> {
  const { rows } = await fixture.pool.query<{ key: string; sequence: bigint }>('SELECT key, sequence FROM aggregate');
  const expected = Object.fromEntries(rows.map(({ key, sequence }) => [key, upTo(Number(sequence))]));
  expect(Object.keys(expected)).toHaveLength(KEYS.length);
  await eventually(
    async () => {
      const applied = await appliedCount();
      expect(applied).toBe(Object.values(expected).flat().length);
    },
    { timeoutMs: 60_000 },
  );
  expect(await fixture.sequencesAppliedBy('steady')).toEqual(expected);
  const { rows: parked } = await fixture.pool.query('SELECT FROM messaging.parked_event');
  expect(parked).toEqual([]);
}

describe('with a store that dies while events flow', () => {
  it.each<[string, () => Promise<void>]>([
    [
      'Kafka, killed and started again',
      async () => {
        await kafka.kill('SIGKILL');
        await eventually(() => Promise.resolve(expect(fixture.logger.said('events not published')).toBe(true)));
        await kafka.restart();
      },
    ],
    [
      'Postgres, killed and started again',
      async () => {
        await postgres.kill('SIGKILL');
        await postgres.restart();
      },
    ],
    ['Postgres, restarted', () => postgres.restart()],
  ])(
    'nothing is lost, applied twice or out of order, and liveness stays green: %s',
    async (_, disturb) => {
      await fixture.relay();
      await fixture.relay();
      await fixture.run([recorder('steady')]);
      const writers = writeOn();
      await untilMoreIsApplied();
      await disturb();
      expect(fixture.lifecycle.live()).toEqual({ ok: true, failed: [] });
      await untilMoreIsApplied();
      await writers.stop();
      await expectEverythingAppliedOnceInOrder();
      expect(fixture.lifecycle.live()).toEqual({ ok: true, failed: [] });
    },
    180_000,
  );
});
