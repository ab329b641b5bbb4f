import { describe, expect, it } from '@jest/globals';
import { type CompletionStatus, isBilled } from './completion.js';
import { InFlight } from './in-flight.js';

describe('A completion', () => {
  it.each<[CompletionStatus, boolean, boolean]>([
    ['complete', false, true],
    ['complete', true, true],
    ['broken', false, true],
    ['broken', true, false],
    ['aborted', false, true],
    ['aborted', true, false],
    ['failed', false, false],
    ['failed', true, false],
  ])('that is %s, its tokens estimated: %s, is billed: %s', (status, tokensEstimated, billed) => {
    expect(isBilled({ status, tokensEstimated })).toBe(billed);
  });
});

describe('A drain', () => {
  it('waits for what is under way', async () => {
    const inFlight = new InFlight();
    const work = Promise.withResolvers<void>();
    const running = inFlight.during(() => work.promise);
    const order: string[] = [];
    const drained = inFlight.drain(60_000).then(() => order.push('drained'));
    order.push('working');
    work.resolve();
    await Promise.all([running, drained]);
    expect(order).toEqual(['working', 'drained']);
    expect(inFlight.stopped.aborted).toBe(false);
  });

  it('aborts what takes too long, and waits for its end', async () => {
    const inFlight = new InFlight();
    const running = inFlight.during(
      () => new Promise<string>((resolve) => inFlight.stopped.addEventListener('abort', () => resolve('ended'))),
    );
    await inFlight.drain(1);
    expect(await running).toBe('ended');
  });

  it('is over at once when nothing is under way', async () => {
    const inFlight = new InFlight();
    await inFlight.during(() => Promise.resolve());
    await inFlight.drain(60_000);
    expect(inFlight.stopped.aborted).toBe(false);
  });
});
