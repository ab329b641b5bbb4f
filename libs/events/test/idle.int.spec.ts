import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as wait } from 'node:timers/promises';
import { getStores } from '@dailydoco/testing';
import { Fixture, recorder } from './fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterAll(() => fixture.close());

describe('Connections to Kafka', () => {
  it('rest where nothing is to be done, and set no timers in a row', async () => {
    await fixture.relay({ pollMs: 5_000 });
    await fixture.run([recorder('idle')], { housekeepingMs: 60_000 });
    await fixture.change('a');
    await fixture.untilPublished();
    const timers = jest.spyOn(globalThis, 'setTimeout');
    // Nothing is waited for: what is set within this time is counted. Connections that looked for work all the time set 7,000.
    await wait(2_000);
    expect(timers.mock.calls.length).toBeLessThan(100);
    timers.mockRestore();
    await fixture.change('a');
    await fixture.untilPublished();
  });
});
