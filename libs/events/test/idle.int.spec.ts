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
    await wait(1_000);
    const timers = jest.spyOn(globalThis, 'setTimeout');
    await wait(2_000);
    // Fetches that wait for a second, and heartbeats. Each connection that looked for work all the time set 700 in a second.
    expect(timers.mock.calls.length).toBeLessThan(100);
    timers.mockRestore();
    await fixture.change('a');
    await fixture.untilPublished();
  });
});
