import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { barrier, eventually, getStores } from '@dailydoco/testing';
import { Client } from 'pg';
import { republish } from '../src/index.js';
import { Fixture, firstDeliveries, purchase, sequencesPerKey, upTo } from './fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterEach(() => fixture.close());

describe('the relay', () => {
  it('delivers the events of each aggregate in its order, while many writers write at once', async () => {
    const keys = ['a', 'b', 'c', 'd'];
    await fixture.relay({ maxBatchEvents: 7 });
    // Three writers per aggregate contend for its row; ids of different aggregates interleave and commit late.
    await Promise.all([...keys, ...keys, ...keys].map((key) => fixture.change(key, 40)));
    await fixture.untilPublished();

    const sequences = sequencesPerKey(firstDeliveries(await fixture.published(480)));
    for (const key of keys) expect(sequences[key]).toEqual(upTo(120));
  });

  it('finds an event whose id is smaller than what it has published, because it was committed later', async () => {
    await fixture.relay();
    const begun = barrier(2);
    const mayCommit = barrier(2);
    const slow = inDatabaseTransaction(fixture.pool, async (tx) => {
      await fixture.changeIn(tx, 'slow');
      await begun();
      await mayCommit();
    });
    await begun();
    await fixture.change('quick');
    await fixture.untilPublished();
    await mayCommit();
    await slow;
    await fixture.untilPublished();
    expect(new Set((await fixture.published(2)).map(({ key }) => key))).toEqual(new Set(['slow', 'quick']));
  });

  it('is woken by a commit, long before it would look by itself', async () => {
    await fixture.relay({ pollMs: 3_600_000 });
    await eventually(() => {
      expect(fixture.logger.said('holds the lease')).toBe(true);
      return Promise.resolve();
    });
    await fixture.change('awake');
    await fixture.untilPublished();
  });

  it('sends the CloudEvents headers and the trace of the writer', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await fixture.outbox.append(fixture.pool, [purchase('traced', 1n, { traceparent })]);
    await fixture.relay();
    const [event] = await fixture.published(1);
    expect(event?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_type: 'dailydoco.viral.events.v1.PurchaseRecorded',
      ce_source: 'dailydoco/test',
      ce_time: '2026-01-02T03:04:05.678Z',
      ce_subject: 'traced',
      ce_tenantid: '01999999-0000-7000-8000-000000000001',
      'content-type': 'application/protobuf',
      traceparent,
    });
  });

  it('leaves the work to one of several, and another takes over when that one stops', async () => {
    const first = await fixture.relay();
    await eventually(() => Promise.resolve(expect(fixture.logger.said('holds the lease')).toBe(true)));
    await fixture.relay();
    await fixture.change('a', 5);
    await fixture.untilPublished();
    expect(fixture.logger.lines.filter(({ message }) => message.includes('holds the lease'))).toHaveLength(1);

    await first.stop();
    await fixture.change('a', 5);
    await fixture.untilPublished();
    expect(sequencesPerKey(firstDeliveries(await fixture.published(10)))).toEqual({ a: upTo(10) });
  });

  it('takes over within seconds from one whose connection is cut', async () => {
    await fixture.relay();
    await fixture.relay();
    await fixture.change('a', 3);
    await fixture.untilPublished();
    const admin = new Client({ connectionString: fixture.appUrl });
    await admin.connect();
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
    await admin.end();
    await fixture.change('a', 3);
    await fixture.untilPublished(10_000);
    expect(sequencesPerKey(firstDeliveries(await fixture.published(6)))).toEqual({ a: upTo(6) });
    expect(fixture.lifecycle.live()).toEqual({ ok: true, failed: [] });
  });

  it('publishes once more what is asked for, and nothing else', async () => {
    const relay = await fixture.relay();
    await fixture.change('a', 3);
    await fixture.change('b', 2);
    await fixture.untilPublished();
    await relay.stop();
    // A batch whose sending failed halfway is told twice; what counts is what comes after all that.
    const before = await fixture.published(5);
    expect(await republish(fixture.pool, { key: 'a', topic: 'viral.events.v1' })).toBe(3);
    expect(await fixture.unpublished()).toBe(3);
    await fixture.relay();
    await fixture.untilPublished();
    const after = await fixture.published(5, { copies: before.length - 5 + 3 });
    expect(sequencesPerKey(firstDeliveries(after))).toEqual({ a: upTo(3), b: upTo(2) });
    const [toldBefore, toldAfter] = [sequencesPerKey(before), sequencesPerKey(after)];
    expect(toldAfter['a']?.slice(toldBefore['a']?.length).slice(0, 3)).toEqual(upTo(3));
    expect(toldAfter['b']).toEqual(toldBefore['b']);

    expect(await republish(fixture.pool, { fromId: 4n, toId: 4n })).toBe(1);
    expect(await republish(fixture.pool, { from: new Date('2020-01-01'), to: new Date('2020-01-02') })).toBe(0);
    await expect(republish(fixture.pool, {})).rejects.toThrow('nothing selected');
  });

  it('forgets published events after their time, and never one that is not published', async () => {
    await fixture.change('old', 2);
    await fixture.change('young', 2);
    await fixture.pool.query(`UPDATE messaging.outbox SET created_at = now() - interval '8 days', published_at = now() - interval '8 days'
      WHERE aggregate_key = 'old'`);
    await fixture.pool.query(
      `UPDATE messaging.outbox SET published_at = NULL, created_at = now() - interval '8 days' WHERE id = 2`,
    );
    await fixture.relay();
    await fixture.untilPublished();
    await eventually(async () => {
      const { rows } = await fixture.pool.query<{ id: string }>(
        'SELECT id::text AS id FROM messaging.outbox ORDER BY outbox.id',
      );
      expect(rows.map(({ id }) => id)).toEqual(['2', '3', '4']);
    });
  });
});
