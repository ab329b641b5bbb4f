import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { MAX_SUBSCRIPTIONS } from '../src/subscription.js';
import { Desk } from './desk.js';

const DAY_MS = 24 * 3_600_000;
const URL = 'http://127.0.0.1:1/';
const wanted = { url: URL, eventTypes: ['payout.settled'], description: '', by: 'x' };

let desk: Desk;

beforeAll(async () => {
  desk = await Desk.open();
});

afterAll(() => desk.close());

describe('a subscription', () => {
  it('shows its secret again to the same key, and stores it sealed only', async () => {
    const order = { ...wanted, tenantId: newId() };
    const by = { call: desk.call('key'), view: ({ id }: { id: string }) => ({ id }) };
    const [first, again] = [await desk.subscriptions.create(order, by), await desk.subscriptions.create(order, by)];
    expect(again).toEqual({ ...first, replayed: true });
    const rotated = await desk.subscriptions.rotate({ ...order, id: first.body.id, overlapMs: 1 }, desk.call('turn'));
    const same = await desk.subscriptions.rotate({ ...order, id: first.body.id, overlapMs: 1 }, desk.call('turn'));
    expect(same).toEqual({ ...rotated, replayed: true });
    expect(rotated.body.secret).not.toBe(first.body.secret);
    for (const table of ['webhooks.secret', 'webhooks.subscription_change', 'idempotency_answer']) {
      const { rows } = await desk.given.pool.query<{ text: string }>(`SELECT t::text AS text FROM ${table} t`);
      expect([table, rows.length > 0, rows.some(({ text }) => text.includes('whsec_'))]).toEqual([table, true, false]);
    }
  });

  it('is one of twenty at most, however many ask at once', async () => {
    const tenantId = newId();
    const asked = await Promise.allSettled(
      Array.from({ length: MAX_SUBSCRIPTIONS + 5 }, () => desk.subscribe(URL, { tenantId })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(MAX_SUBSCRIPTIONS);
    const refused = asked.flatMap((each) => (each.status === 'rejected' ? [each.reason.reason] : []));
    expect(refused).toEqual(Array(5).fill('WEBHOOK_LIMIT_REACHED'));
  });

  it('with wrong input is told everything that is wrong, and nothing is written', async () => {
    const tenantId = newId();
    const order = { ...wanted, tenantId, url: 'ftp://x', eventTypes: ['payout.settled', 'payout.lost'] };
    await expect(desk.subscriptions.create(order, { call: desk.call(), view: (each) => each })).rejects.toMatchObject({
      reason: 'VALIDATION_FAILED',
      fieldErrors: [{ path: 'url' }, { path: 'eventTypes.1' }],
    });
    expect(await desk.subscriptions.list({ tenantId, after: undefined, limit: 10 })).toEqual([]);
  });

  it('that is deleted is gone, with its secrets, and its messages go with time', async () => {
    const mine = await desk.subscribe(URL);
    const kept = await desk.subscribe(URL, { tenantId: mine.tenantId });
    await desk.tell(mine.tenantId);
    await desk.subscriptions.delete({ ...mine, by: 'x' });
    await expect(desk.subscriptions.find(mine)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await expect(desk.subscriptions.delete({ ...mine, by: 'x' })).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    const count = async (table: string) => {
      const sql = `SELECT 1 FROM webhooks.${table} WHERE subscription_id = $1`;
      return (await desk.given.pool.query(sql, [mine.id])).rowCount;
    };
    expect([await count('secret'), await count('delivery')]).toEqual([0, 1]);
    desk.clock.advance(30 * DAY_MS - 1);
    await desk.purge();
    expect(await count('delivery')).toBe(1);
    desk.clock.advance(2);
    await desk.purge();
    expect(await count('delivery')).toBe(0);
    // What is still to be sent stays.
    expect(await desk.states(kept)).toEqual(['pending']);
  });
});

describe('what is written down', () => {
  it('cannot be changed by the service, nor taken back by the owner of the tables', async () => {
    const mine = await desk.subscribe(URL);
    await desk.tell(mine.tenantId);
    await desk.send();
    const owner = createPool({
      connectionString: desk.database.ownerUrl,
      max: 1,
      applicationName: 'spec',
      statementTimeoutMs: 5_000,
    });
    const refusal = (pool: typeof owner, sql: string) =>
      pool.query(sql).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
    for (const sql of [
      "UPDATE webhooks.subscription_change SET change = 'created'",
      'DELETE FROM webhooks.subscription_change',
      'DELETE FROM webhooks.subscription',
      "UPDATE webhooks.attempt SET answer = ''",
    ]) {
      expect([sql, await refusal(desk.given.pool, sql)]).toEqual([sql, '42501']);
      expect([sql, await refusal(owner, sql)]).toEqual([sql, '23001']);
    }
    for (const sql of [
      "UPDATE webhooks.delivery SET body = ''",
      'UPDATE webhooks.delivery SET message_id = subscription_id',
      'UPDATE webhooks.secret SET sealed = NULL',
      'UPDATE webhooks.subscription SET tenant_id = id',
    ]) {
      expect([sql, await refusal(desk.given.pool, sql)]).toEqual([sql, '42501']);
    }
    await owner.end();
  });
});
