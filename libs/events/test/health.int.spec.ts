import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, getStores } from '@dailydoco/testing';
import { type Broker, type IncomingBatch, kafkaBroker } from '../src/index.js';
import { Fixture, recorder, upTo } from './fixture.js';

let fixture: Fixture;
beforeEach(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterEach(() => fixture.close());

/** The fixture's broker with another way to handle a batch. */
function brokerWith(
  onBatch: (batch: IncomingBatch, usual: (batch: IncomingBatch) => Promise<void>) => Promise<void>,
): Broker {
  return {
    ...fixture.broker,
    consumer: (options) => fixture.broker.consumer({ ...options, onBatch: (batch) => onBatch(batch, options.onBatch) }),
  };
}

function failedLoops(): Promise<string[]> {
  return Promise.resolve(fixture.lifecycle.live().failed);
}

describe('liveness', () => {
  it('turns red when a consumer hangs, and green again when it goes on', async () => {
    const { promise: mayGoOn, resolve: goOn } = Promise.withResolvers<void>();
    await fixture.relay();
    await fixture.run([recorder('hanging', () => mayGoOn), recorder('busy')], { maxSilenceMs: 2_500 });
    await fixture.change('a');
    await eventually(async () => expect(await failedLoops()).toEqual(['consumer:hanging']));
    goOn();
    await eventually(async () => expect(await failedLoops()).toEqual([]));
    expect(await fixture.sequencesAppliedBy('hanging')).toEqual({ a: [1] });
  });

  it('turns red when the loop of a consumer dies', async () => {
    const dead: Broker = {
      ...fixture.broker,
      consumer: (options) => ({
        start: () => options.onDead(new Error('gone for good')),
        stop: () => Promise.resolve(),
      }),
    };
    await fixture.run([recorder('dead')], { broker: dead });
    expect(await failedLoops()).toEqual(['consumer:dead']);
  });

  it('stays green when the client library gives up: the consumer is started again', async () => {
    let crashes = 0;
    const broker = brokerWith(async (batch, usual) => {
      crashes += 1;
      // What kafkajs takes for hopeless, and then stops without a word.
      if (crashes <= 2) throw Object.assign(new Error('hopeless'), { retriable: false });
      await usual(batch);
    });
    await fixture.relay();
    await fixture.run([recorder('crashing')], { broker });
    await fixture.change('a', 3);
    await eventually(async () => expect(await fixture.sequencesAppliedBy('crashing')).toEqual({ a: upTo(3) }), {
      timeoutMs: 30_000,
    });
    expect(fixture.logger.lines.filter(({ message }) => message.startsWith('consumer crashed'))).toHaveLength(2);
    expect(await failedLoops()).toEqual([]);
  });

  it('stays green while no broker can be reached, because the loops go on trying', async () => {
    const nowhere = kafkaBroker({ brokers: ['127.0.0.1:1'], clientId: 'lost' });
    let attempts = 0;
    const broker: Broker = {
      ...nowhere,
      consumer: (options) =>
        nowhere.consumer({
          ...options,
          onAttempt: () => {
            attempts += 1;
            options.onAttempt();
          },
        }),
    };
    await fixture.relay({ broker: nowhere, maxSilenceMs: 10_000 });
    await fixture.run([recorder('lost')], { broker, maxSilenceMs: 10_000 });
    await fixture.change('a');
    await eventually(
      async () => {
        expect(attempts).toBeGreaterThan(3);
        expect(
          fixture.logger.lines.filter(({ message }) => message.startsWith('events not published')).length,
        ).toBeGreaterThan(3);
        expect(await failedLoops()).toEqual([]);
      },
      { timeoutMs: 30_000 },
    );
  });

  it('forgets loops that were stopped on purpose, and stops them in the order of a shutdown', async () => {
    await fixture.relay();
    await fixture.run([recorder('stopping')]);
    await fixture.change('a', 2);
    await eventually(async () => expect(await fixture.sequencesAppliedBy('stopping')).toEqual({ a: [1, 2] }));
    expect(await fixture.lifecycle.shutdown('test')).toEqual({ ok: true, failed: [] });
    await fixture.change('a');
    expect(await fixture.unpublished()).toBe(1);
  });
});
