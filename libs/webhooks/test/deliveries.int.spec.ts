import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { events } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { eventually, sourceHooks } from '@dailydoco/testing';
import { Webhook } from 'standardwebhooks';
import { RETRY_PAUSES_MS } from '../src/schedule.js';
import { Desk } from './desk.js';
import { Receiver } from './receiver.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let desk: Desk;
let receiver: Receiver;
let paths = 0;

beforeAll(async () => {
  [desk, receiver] = await Promise.all([Desk.open(), Receiver.start()]);
});

afterAll(async () => {
  await desk.close();
  await receiver.stop();
});

const newPath = () => `/${(paths += 1)}`;
const rowsOf = async (table: string) => {
  const { rows } = await desk.given.pool.query<{ count: bigint }>(`SELECT count(*) AS count FROM webhooks.${table}`);
  return Number(rows[0]?.count);
};

describe('an event', () => {
  it('is posted, signed, to whoever subscribed to it, once', async () => {
    const [path, other] = [newPath(), newPath()];
    const mine = await desk.subscribe(receiver.url(path));
    await desk.subscribe(receiver.url(other));
    await desk.subscribe(receiver.url(other), { tenantId: mine.tenantId, eventTypes: ['payout.failed'] });
    const id = await desk.tell(mine.tenantId);
    await desk.tell(mine.tenantId, id);
    await desk.send();
    const [got, ...more] = receiver.at(path);
    expect([more, receiver.at(other)]).toEqual([[], []]);
    const headers = got?.headers as Record<string, string>;
    expect(headers['webhook-id']).toBe(id);
    expect(new Webhook(mine.secret).verify(got?.body ?? '', headers)).toEqual({
      type: 'payout.settled',
      timestamp: desk.clock.now().toISOString(),
      data: { id },
    });
    const { log, ...delivery } = await desk.deliveries.find(mine, id);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: 1, dueAt: undefined, body: got?.body });
    expect(log).toEqual([expect.objectContaining({ attempt: 1, outcome: 'delivered', status: 200, answer: 'taken' })]);
  });

  it('of a tenant that has no subscription writes nothing', async () => {
    const before = await rowsOf('delivery');
    await desk.tell(newId());
    await desk.tell((await desk.subscribe(receiver.url('/'))).tenantId, newId(), events.payoutFailed.type);
    expect(await rowsOf('delivery')).toBe(before);
  });

  it('is signed with both secrets while one replaces the other', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    const { secret } = (await desk.subscriptions.rotate({ ...mine, by: 'x', overlapMs: HOUR_MS }, desk.call())).body;
    const takenBy = async () => {
      await desk.tell(mine.tenantId);
      await desk.send();
      const { body, headers } = receiver.at(path).at(-1)!;
      return [mine.secret, secret].map((each) => {
        try {
          return Boolean(new Webhook(each).verify(body, headers as Record<string, string>));
        } catch (error) {
          return (error as Error).message;
        }
      });
    };
    expect(await takenBy()).toEqual([true, true]);
    await desk.subscriptions.rotate({ ...mine, by: 'x', overlapMs: 0 }, desk.call());
    expect(await takenBy()).toEqual(['No matching signature found', 'No matching signature found']);
  });
});

describe('a receiver that fails', () => {
  it('is asked again after ever longer pauses, given up after ten attempts, and replayed under the same id', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    receiver.answer(path, 500);
    const id = await desk.tell(mine.tenantId);
    for (const [index, pauseMs] of RETRY_PAUSES_MS.entries()) {
      await desk.send();
      const waitMs = (await desk.list(mine))[0]!.dueAt!.getTime() - desk.clock.now().getTime();
      expect([index, Math.abs(waitMs / pauseMs - 1) <= 0.1]).toEqual([index, true]);
      desk.clock.advance(waitMs - 1);
      await desk.send();
      expect(receiver.at(path)).toHaveLength(index + 1);
      desk.clock.advance(1);
    }
    await desk.send();
    expect(await desk.states(mine)).toEqual(['failed']);
    expect((await desk.subscriptions.find(mine)).status).toBe('enabled');
    receiver.answer(path, 204);
    desk.clock.advance(DAY_MS);
    await desk.send();
    expect(receiver.at(path)).toHaveLength(10);
    expect((await desk.deliveries.replayOne({ ...mine, messageId: id, by: 'x' }, desk.call())).body).toEqual({
      queued: 1,
    });
    await desk.send();
    expect(await desk.states(mine)).toEqual(['delivered']);
    expect(new Set(receiver.at(path).map(({ headers }) => headers['webhook-id']))).toEqual(new Set([id]));
    expect((await desk.deliveries.find(mine, id)).log.map(({ outcome, attempt }) => [attempt, outcome])).toEqual([
      [11, 'delivered'],
      ...Array.from({ length: 10 }, (_, index) => [10 - index, 'refused']),
    ]);
    expect((await desk.subscriptions.find(mine)).failingSince).toBeUndefined();
  });

  it('is left alone for as long as it asks for, a day at most, and never asked sooner for it', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    await desk.tell(mine.tenantId);
    const waited = async (retryAfter: string): Promise<number> => {
      receiver.answer(path, 429, { 'retry-after': retryAfter });
      await desk.send();
      const waitMs = (await desk.list(mine))[0]!.dueAt!.getTime() - desk.clock.now().getTime();
      desk.clock.advance(waitMs);
      return waitMs;
    };
    expect(await waited('3600')).toBe(HOUR_MS);
    const [, second] = RETRY_PAUSES_MS;
    expect(Math.abs((await waited('1')) / (second ?? 0) - 1)).toBeLessThanOrEqual(0.1);
    expect(await waited('999999')).toBe(DAY_MS);
    const inTwelveHours = new Date(desk.clock.now().getTime() + 12 * HOUR_MS).toUTCString();
    expect(Math.abs((await waited(inTwelveHours)) - 12 * HOUR_MS)).toBeLessThan(1_001);
    receiver.answer(path, 200, { 'retry-after': '3600' });
    await desk.send();
    expect(await desk.states(mine)).toEqual(['delivered']);
  });

  it('for five days is told nothing more until it is enabled again; what came meanwhile is replayed', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    receiver.answer(path, 503);
    await desk.tell(mine.tenantId);
    await desk.send();
    desk.clock.advance(5 * DAY_MS - 1);
    await desk.send();
    expect((await desk.subscriptions.find(mine)).status).toBe('enabled');
    desk.clock.advance(5 * DAY_MS);
    await desk.send();
    expect(await desk.subscriptions.find(mine)).toMatchObject({ status: 'disabled', disabledBecause: 'failing' });
    const attempted = receiver.at(path).length;
    await desk.tell(mine.tenantId);
    desk.clock.advance(DAY_MS);
    await desk.send();
    expect([receiver.at(path).length, await desk.states(mine)]).toEqual([attempted, ['skipped', 'pending']]);
    const since = new Date(desk.clock.now().getTime() - 20 * DAY_MS);
    const replay = () =>
      desk.deliveries.replaySince({ ...mine, since, states: ['failed', 'skipped'], by: 'x' }, desk.call());
    await expect(replay()).rejects.toMatchObject({ reason: 'CONFLICT' });
    receiver.answer(path, 200);
    await desk.subscriptions.change({ ...mine, status: 'enabled', by: 'x' });
    expect((await replay()).body).toEqual({ queued: 1 });
    await desk.send();
    expect(await desk.states(mine)).toEqual(['delivered', 'delivered']);
    const { rows } = await desk.given.pool.query<{ change: string }>(
      'SELECT change FROM webhooks.subscription_change WHERE subscription_id = $1 ORDER BY position',
      [mine.id],
    );
    expect(rows.map(({ change }) => change)).toEqual(['created', 'disabled', 'enabled', 'replayed']);
  });

  it('with 410 is gone at once', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    receiver.answer(path, 410);
    await desk.tell(mine.tenantId);
    await desk.send();
    expect(await desk.subscriptions.find(mine)).toMatchObject({ status: 'disabled', disabledBecause: 'gone' });
    await desk.tell(mine.tenantId);
    expect(await desk.states(mine)).toEqual(['failed']);
  });

  it('delays nobody else, and is given one message at a time once it limps', async () => {
    const [dead, well] = [newPath(), newPath()];
    const silent = await desk.subscribe(receiver.url(dead));
    const healthy = await desk.subscribe(receiver.url(well));
    let under = 0;
    const begun: { under: number; others: number }[] = [];
    receiver.behave(dead, (reply) => {
      under += 1;
      begun.push({ under, others: receiver.at(well).length });
      reply.once('close', () => (under -= 1));
    });
    await desk.apply(Array.from({ length: 10 }, () => ({ tenantId: silent.tenantId, id: newId() })));
    await desk.apply(Array.from({ length: 40 }, () => ({ tenantId: healthy.tenantId, id: newId() })));
    await desk.send();
    expect(await desk.states(healthy)).toEqual(Array(40).fill('delivered'));
    expect(Math.max(...begun.map((each) => each.under))).toBe(8);
    // The others of the dead one had to wait until the first eight were given up; nobody else waited for that.
    expect([begun.length, begun.at(-1)]).toEqual([10, { under: 1, others: 40 }]);
    receiver.answer(dead, 200);
  }, 30_000);
});

describe('several processes', () => {
  it('send each message once, and together no more of one subscription than may be under way', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    let [under, most] = [0, 0];
    receiver.behave(path, (reply) => {
      under += 1;
      most = Math.max(most, under);
      setTimeout(() => {
        under -= 1;
        reply.end();
      }, 5);
    });
    await desk.apply(Array.from({ length: 100 }, () => ({ tenantId: mine.tenantId, id: newId() })));
    await Promise.all([desk.send(), desk.send(), desk.send()]);
    await desk.send();
    const ids = receiver.at(path).map(({ headers }) => headers['webhook-id']);
    expect([ids.length, new Set(ids).size]).toEqual([100, 100]);
    expect(most).toBeLessThanOrEqual(8);
  });

  it('lose nothing when one is killed between the answer and the record: it is sent again under the same id', async () => {
    const path = newPath();
    const mine = await desk.subscribe(receiver.url(path));
    const file = fileURLToPath(new URL('dying-process.ts', import.meta.url));
    const key = Buffer.from(desk.keyEncryption).toString('base64');
    desk.clock.set(new Date());
    const id = await desk.tell(mine.tenantId);
    // The receiver has the message, and its sender dies before it hears so.
    const child = spawn(
      process.execPath,
      ['--conditions=@dailydoco/source', '--import', sourceHooks, file, desk.database.appUrl, key],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
      },
    );
    receiver.behave(path, () => child.kill('SIGKILL'));
    await once(child, 'exit');
    await eventually(() => expect(receiver.at(path)).toHaveLength(1));
    receiver.answer(path, 200);
    await desk.send();
    expect(await desk.states(mine)).toEqual(['pending']);
    desk.clock.advance(120_000);
    await desk.send();
    expect(receiver.at(path).map(({ headers }) => headers['webhook-id'])).toEqual([id, id]);
    expect(await desk.deliveries.find(mine, id)).toMatchObject({
      state: 'delivered',
      attempts: 2,
      log: [expect.objectContaining({ attempt: 2, outcome: 'delivered' })],
    });
  });
});
