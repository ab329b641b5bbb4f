import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@dailydoco/errors';
import { eventually, getStores } from '@dailydoco/testing';
import {
  type Broker,
  discardParked,
  events,
  type ReceivedEvent,
  listParked,
  replayParked,
  republish,
  requestReplay,
} from '../src/index.js';
import { BatchApplier } from '../src/batch-applier.js';
import type { Delivery } from '../src/cloud-events.js';
import { Fixture, purchase, recorder, sequenceOf, upTo } from './fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterEach(() => fixture.close());

async function untilApplied(consumer: string, expected: Record<string, number[]>): Promise<void> {
  await eventually(async () => expect(await fixture.sequencesAppliedBy(consumer)).toEqual(expected), {
    timeoutMs: 30_000,
  });
}

async function waiting(consumer: string): Promise<[string, string, boolean][]> {
  const parked = await listParked(fixture.pool, { consumer });
  return parked.map(({ key, offset, error }) => [key, offset, error !== null]);
}

/** Every hand that a spec sends to Kafka past the outbox. */
async function send(key: string, value: Uint8Array, headers: Record<string, string>): Promise<void> {
  const producer = fixture.broker.producer();
  // A topic just made may not have its leaders yet.
  await eventually(() => producer.send([{ topic: 'viral.events.v1', key, value, headers }]));
  await producer.close();
}

function headersOf(type: string): Record<string, string> {
  return {
    ce_specversion: '1.0',
    ce_id: randomUUID(),
    ce_type: type,
    ce_source: 'dailydoco/test',
    ce_time: new Date().toISOString(),
    ce_tenantid: 'tenant',
  };
}

/** An event as it comes out of Kafka. */
function delivered(key: string, sequence: bigint): Delivery {
  const type = events.purchaseRecorded;
  const payload = { ...type.codec.decode(new Uint8Array()), purchaseSequence: sequence };
  const place = { topic: type.topic, partition: 0, offset: sequence };
  const id = randomUUID();
  const event = { id, type, tenantId: randomUUID(), key, occurredAt: new Date(), payload, ...place };
  return { id, key, typeName: type.type, headers: {}, payload: undefined, event, ...place };
}

describe('a consumer', () => {
  it('passes over what it has no use for, remembers nothing of it, and is asked again when it comes again', async () => {
    const wanted = new Set(['a']);
    const consumer = {
      ...recorder('choosy'),
      wants: () => Promise.resolve(({ key }: ReceivedEvent) => wanted.has(key)),
    };
    const backOff = { firstMs: 20, maxMs: 200 };
    const applier = new BatchApplier({ pool: fixture.pool, logger: fixture.logger, consumer, backOff });
    const apply = (batch: readonly Delivery[]) =>
      applier.apply(batch, { begin: () => () => undefined }, new AbortController().signal);
    const remembered = async () => {
      const { rows } = await fixture.pool.query("SELECT 1 FROM messaging.inbox WHERE consumer = 'choosy'");
      return rows.length;
    };
    const batch = [delivered('a', 1n), delivered('b', 1n), delivered('c', 1n)];
    await apply(batch);
    expect([await fixture.sequencesAppliedBy('choosy'), await remembered()]).toEqual([{ a: [1] }, 1]);
    wanted.add('b');
    await apply(batch);
    expect([await fixture.sequencesAppliedBy('choosy'), await remembered()]).toEqual([{ a: [1], b: [1] }, 2]);
  });

  it('applies every event once, in the order of its key, from the beginning of the topic', async () => {
    await fixture.relay();
    await fixture.change('a', 30);
    await fixture.untilPublished();
    await fixture.run([recorder('first'), recorder('second')], { maxChunkEvents: 7 });
    await Promise.all([fixture.change('a', 30), fixture.change('b', 30)]);
    for (const consumer of ['first', 'second']) await untilApplied(consumer, { a: upTo(60), b: upTo(30) });
  });

  it('drops duplicates: sent again, written twice under one id, or delivered to it anew', async () => {
    await fixture.relay();
    const id = randomUUID();
    await fixture.outbox.append(fixture.pool, [
      purchase('a', 1n, { id }),
      purchase('a', 1n, { id }),
      purchase('a', 2n),
    ]);
    await fixture.run([recorder('once')]);
    await untilApplied('once', { a: [1, 2] });
    await republish(fixture.pool, { key: 'a' });
    await fixture.untilPublished();
    await fixture.outbox.append(fixture.pool, [purchase('a', 3n)]);
    await untilApplied('once', { a: [1, 2, 3] });
  });

  it('applies nothing twice when it dies between the database and the offset', async () => {
    let deaths = 0;
    const broker: Broker = {
      ...fixture.broker,
      consumer: (options) =>
        fixture.broker.consumer({
          ...options,
          onBatch: (batch) =>
            options.onBatch({
              ...batch,
              commit: (offset) => {
                deaths += 1;
                return deaths <= 3 ? Promise.reject(new Error('died here')) : batch.commit(offset);
              },
            }),
        }),
    };
    await fixture.relay();
    await fixture.change('a', 5);
    await fixture.run([recorder('mortal')], { broker, maxChunkEvents: 2 });
    await fixture.change('a', 5);
    await untilApplied('mortal', { a: upTo(10) });
    expect(deaths).toBeGreaterThan(3);
  });

  it('leaves no trace of a batch that failed', async () => {
    let calls = 0;
    await fixture.relay();
    await fixture.outbox.append(
      fixture.pool,
      upTo(5).map((n) => purchase('a', BigInt(n))),
    );
    const flaky = recorder('flaky');
    const definition = {
      ...flaky,
      applyBatch: async (...args: Parameters<typeof flaky.applyBatch>) => {
        await flaky.applyBatch(...args);
        calls += 1;
        if (calls <= 2) throw new DomainError('UNAVAILABLE');
      },
    };
    await fixture.run([definition]);
    await untilApplied('flaky', { a: upTo(5) });
    expect(calls).toBe(3);
  });

  it('passes over events of other types', async () => {
    await send('a', new Uint8Array(), headersOf(events.plansChanged.type));
    await send('a', new Uint8Array([1, 2, 3]), headersOf('org.example.Unheard'));
    await fixture.relay();
    await fixture.change('a');
    await fixture.run([recorder('choosy')]);
    await untilApplied('choosy', { a: [1] });
    expect(await waiting('choosy')).toEqual([]);
  });

  it('says how far it is behind', async () => {
    await fixture.relay();
    await fixture.change('a', 3);
    await fixture.untilPublished();
    const runner = await fixture.run([recorder('measured')]);
    await untilApplied('measured', { a: upTo(3) });
    await eventually(async () => {
      const lags = await runner.lag();
      expect(lags).toHaveLength(12);
      expect(lags.every(({ messages, consumer }) => messages === 0n && consumer === 'measured')).toBe(true);
    });
    await runner.stop();
    await fixture.change('a', 4);
    await fixture.untilPublished();
    expect((await runner.lag()).reduce((sum, { messages }) => sum + messages, 0n)).toBe(4n);
  });
});

describe('an event that cannot be applied', () => {
  const refuse = (key: string, sequence: number, broken: { is: boolean }) =>
    recorder('strict', (received) => {
      if (broken.is && received.some((event) => event.key === key && sequenceOf(event) === sequence)) {
        throw new Error('cannot apply this one');
      }
    });

  it('is set aside, its key waits behind it, other keys go on, and a replay applies all in order', async () => {
    const broken = { is: true };
    const consumer = refuse('bad', 2, broken);
    await fixture.relay();
    // Bad and good ones in one batch, so that the guilty one has to be found.
    await fixture.outbox.append(
      fixture.pool,
      upTo(40).flatMap((n) => [purchase('bad', BigInt(n)), purchase('good', BigInt(n))]),
    );
    await fixture.run([consumer]);
    await untilApplied('strict', { bad: [1], good: upTo(40) });
    await fixture.outbox.append(fixture.pool, [purchase('bad', 41n), purchase('good', 41n)]);
    await untilApplied('strict', { bad: [1], good: upTo(41) });
    await eventually(async () => expect(await waiting('strict')).toHaveLength(40));
    const [guilty, ...behind] = await listParked(fixture.pool, { consumer: 'strict' });
    expect(guilty).toMatchObject({ key: 'bad', attempts: 1, eventType: events.purchaseRecorded.type });
    expect(guilty?.error).toContain('cannot apply this one');
    expect(behind.every(({ error }) => error === null)).toBe(true);

    const { pool, logger } = fixture;
    const failed = await replayParked({ pool, consumer, logger });
    expect(failed).toMatchObject({ applied: 0, released: [], stillParked: [{ key: 'bad' }] });
    expect((await listParked(pool, { consumer: 'strict' }))[0]?.attempts).toBe(2);

    broken.is = false;
    const healed = await replayParked({ pool, consumer, logger });
    expect(healed).toMatchObject({
      applied: 40,
      released: [{ topic: 'viral.events.v1', key: 'bad' }],
      stillParked: [],
    });
    await fixture.outbox.append(pool, [purchase('bad', 42n)]);
    await untilApplied('strict', { bad: upTo(42), good: upTo(41) });
    expect(await waiting('strict')).toEqual([]);
  });

  it('is applied by the running consumer when a replay is asked for', async () => {
    const broken = { is: true };
    await fixture.relay();
    await fixture.run([refuse('bad', 1, broken)]);
    await fixture.change('bad', 3);
    await eventually(async () => expect(await waiting('strict')).toHaveLength(3));
    broken.is = false;
    expect(await requestReplay(fixture.pool, { consumer: 'strict', key: 'bad' })).toBe(1);
    await untilApplied('strict', { bad: upTo(3) });
  });

  it('can be given up, and the ones behind it go on', async () => {
    await fixture.relay();
    await fixture.run([refuse('bad', 1, { is: true })]);
    await fixture.change('bad', 3);
    await eventually(async () => expect(await waiting('strict')).toHaveLength(3));
    const [guilty] = await listParked(fixture.pool, { consumer: 'strict' });
    const discard = { consumer: 'strict', eventId: guilty!.eventId, because: 'written by a bug, corrected by hand' };
    expect(await discardParked(fixture.pool, discard)).toBe(true);
    expect(await discardParked(fixture.pool, discard)).toBe(false);
    await requestReplay(fixture.pool, { consumer: 'strict' });
    await untilApplied('strict', { bad: [2, 3] });
  });

  it('loses no event and no order when replays run beside a stream of new events of the key', async () => {
    const broken = { is: true };
    const consumer = refuse('bad', 1, broken);
    await fixture.relay();
    await fixture.run([consumer], { maxChunkEvents: 3 });
    await fixture.change('bad', 5);
    await eventually(async () => expect((await waiting('strict')).length).toBeGreaterThan(0));
    broken.is = false;
    const writing = fixture.change('bad', 100);
    let writingGoesOn = true;
    void writing.then(() => (writingGoesOn = false));
    const { pool, logger } = fixture;
    while (writingGoesOn)
      await Promise.all([replayParked({ pool, consumer, logger }), replayParked({ pool, consumer, logger })]);
    await writing;
    await requestReplay(pool, { consumer: 'strict' });
    await untilApplied('strict', { bad: upTo(105) });
  });

  it.each([
    ['its payload breaks off', () => ({})],
    ['it has no tenant', () => ({ ce_tenantid: '' })],
    ['it has no id', () => ({ ce_id: '' })],
  ])('is set aside when %s, and its key waits', async (_, change) => {
    const headers = { ...headersOf(events.purchaseRecorded.type), ...change() };
    await send('bad', new Uint8Array([10, 200]), headers);
    await fixture.relay();
    await fixture.run([recorder('strict')]);
    await fixture.change('bad');
    await fixture.change('good');
    await untilApplied('strict', { good: [1] });
    await eventually(async () =>
      expect(await waiting('strict')).toEqual([
        ['bad', '0', true],
        ['bad', '1', false],
      ]),
    );
  });
});

describe('a failure that may pass', () => {
  it.each([
    ['a service that is not there', () => new DomainError('UNAVAILABLE')],
    ['a deadline', () => new DomainError('DEADLINE_EXCEEDED')],
    ['a lost connection', () => Object.assign(new Error('terminating connection'), { code: '57P01' })],
    ['a table that is not there yet', () => Object.assign(new Error('relation does not exist'), { code: '42P01' })],
  ])('never sets an event aside: %s', async (_, failure) => {
    let failures = 0;
    await fixture.relay();
    await fixture.run([
      recorder('patient', () => {
        failures += 1;
        if (failures <= 5) throw failure();
      }),
    ]);
    await fixture.change('a', 3);
    await untilApplied('patient', { a: upTo(3) });
    expect(failures).toBeGreaterThan(5);
    const { rows } = await fixture.pool.query('SELECT FROM messaging.parked_event');
    expect(rows).toEqual([]);
    expect(fixture.lifecycle.live().ok).toBe(true);
  });

  it('lets the consumer stop while it is being waited for, and the event is applied by the next one', async () => {
    await fixture.relay();
    await fixture.change('a', 2);
    const stubborn = await fixture.run([recorder('patient', () => Promise.reject(new DomainError('UNAVAILABLE')))]);
    await eventually(() => Promise.resolve(expect(fixture.logger.said('not applied, will retry')).toBe(true)));
    await stubborn.stop();
    expect(await fixture.appliedBy('patient')).toEqual([]);
    await fixture.run([recorder('patient')]);
    await untilApplied('patient', { a: [1, 2] });
  });
});

describe('the inbox', () => {
  it('forgets what is older than its retention', async () => {
    await fixture.relay();
    await fixture.change('a', 2);
    const runner = await fixture.run([recorder('remembering')]);
    await untilApplied('remembering', { a: [1, 2] });
    await runner.stop();
    await fixture.pool.query(
      `INSERT INTO messaging.inbox (consumer, event_id, received_at)
       SELECT 'remembering', gen_random_uuid(), now() - interval '31 days' FROM generate_series(1, 12000)`,
    );
    await fixture.run([recorder('remembering')]);
    await eventually(async () => {
      const { rows } = await fixture.pool.query('SELECT FROM messaging.inbox');
      expect(rows).toHaveLength(2);
    });
  });
});
