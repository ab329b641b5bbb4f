import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { barrier, eventually, getStores } from '@dailydoco/testing';
import { Client } from 'pg';
import type { Broker } from '../src/index.js';
import { Fixture, type PublishedEvent, firstDeliveries, sequencesPerKey, upTo } from './fixture.js';
import { RelayChild } from './relay-child.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterEach(() => fixture.close());

const KEYS = ['a', 'b', 'c', 'd', 'e'];

function startRelay(): RelayChild {
  const child = new RelayChild(fixture);
  fixture.onClose(() => child.kill());
  return child;
}

/**
 * Writes until told to stop, no further ahead of the relay than it can catch up with; then says how many events there
 * are of each key.
 */
function writeOn(): { stop: () => Promise<number[]> } {
  let go = true;
  const writing = KEYS.map(async (key) => {
    let written = 0;
    while (go) {
      await fixture.change(key, 5);
      written += 5;
      await eventually(async () => expect(!go || (await fixture.unpublished()) < 200).toBe(true), { everyMs: 10 });
    }
    return written;
  });
  return {
    stop: () => {
      go = false;
      return Promise.all(writing);
    },
  };
}

async function publishedCount(): Promise<number> {
  const { rows } = await fixture.pool.query<{ count: string }>(
    'SELECT count(*)::text AS count FROM messaging.outbox WHERE published_at IS NOT NULL',
  );
  return Number(rows[0]!.count);
}

async function untilMorePublished(than: number): Promise<void> {
  await eventually(async () => expect(await publishedCount()).toBeGreaterThan(than + 50), { timeoutMs: 30_000 });
}

function expectOrderAndAll(published: readonly PublishedEvent[], written: readonly number[]): void {
  const sequences = sequencesPerKey(firstDeliveries(published));
  KEYS.forEach((key, index) => expect(sequences[key]).toEqual(upTo(written[index]!)));
}

describe('a relay that is killed', () => {
  it('is followed within seconds by another, which loses nothing and keeps the order', async () => {
    const writers = writeOn();
    let holder = startRelay();
    await holder.untilHolds();
    for (let round = 0; round < 4; round += 1) {
      const next = startRelay();
      await untilMorePublished(await publishedCount());
      await holder.kill();
      await next.untilHolds();
      holder = next;
    }
    await untilMorePublished(await publishedCount());
    const written = await writers.stop();
    await fixture.untilPublished();
    expectOrderAndAll(await fixture.published(sum(written)), written);
  });
});

describe('a relay that is frozen', () => {
  it('loses the lease to another, and when it thaws does not spoil the order', async () => {
    const writers = writeOn();
    const first = startRelay();
    await first.untilHolds();
    const second = startRelay();
    for (let round = 1; round <= 3; round += 1) {
      await untilMorePublished(await publishedCount());
      first.freeze();
      await second.untilHolds(round);
      await untilMorePublished(await publishedCount());
      first.thaw();
      second.freeze();
      await first.untilHolds(round + 1);
      await untilMorePublished(await publishedCount());
      second.thaw();
    }
    const written = await writers.stop();
    await fixture.untilPublished();
    expectOrderAndAll(await fixture.published(sum(written)), written);
  });

  it('between selecting and sending sends that batch at most, after another has sent much more', async () => {
    const frozen = barrier(2);
    const thawed = barrier(2);
    const sentByOld: string[][] = [];
    const freezing: Broker = {
      ...fixture.broker,
      producer: () => {
        const producer = fixture.broker.producer();
        return {
          send: async (messages) => {
            sentByOld.push(messages.map(({ headers }) => headers['ce_id'] ?? ''));
            if (sentByOld.length === 1) {
              await frozen();
              await thawed();
            }
            await producer.send(messages);
          },
          close: () => producer.close(),
        };
      },
    };
    for (const key of KEYS) await fixture.change(key, 4);
    const old = await fixture.relay({ broker: freezing, maxBatchEvents: 7 });
    await frozen();
    await cutLease();
    const another = await fixture.relay();
    for (const key of KEYS) await fixture.change(key, 6);
    await fixture.untilPublished();
    await another.stop();
    const before = new Set((await fixture.published(50)).map(({ id }) => id));

    await thawed();
    // What the old one had in hand comes a second time; then it finds its lease gone, and applies for it like any other.
    for (const key of KEYS) await fixture.change(key, 2);
    await fixture.untilPublished();
    await old.stop();
    expectOrderAndAll(
      await fixture.published(60),
      KEYS.map(() => 12),
    );
    const [inHand = [], ...later] = sentByOld;
    expect(inHand).toHaveLength(7);
    expect(inHand.every((id) => before.has(id))).toBe(true);
    expect(later.flat().some((id) => before.has(id))).toBe(false);
  });
});

async function cutLease(): Promise<void> {
  const admin = new Client({ connectionString: fixture.appUrl });
  await admin.connect();
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  await admin.end();
  expect(rowCount).toBe(1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
