import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { currentTraceparent } from '@dailydoco/telemetry';
import { eventually, getStores } from '@dailydoco/testing';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { Fixture, purchase, recorder } from './fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterAll(async () => {
  await fixture.close();
  context.disable();
});

const traceId = '0af7651916cd43dd8448eb211c80319c';

function inTrace<T>(fn: () => Promise<T>): Promise<T> {
  const span = trace.wrapSpanContext({ traceId, spanId: 'b7ad6b7169203331', traceFlags: 1 });
  return context.with(trace.setSpan(context.active(), span), fn);
}

describe('a trace', () => {
  it('goes on from the writer, through outbox and broker, into the consumer', async () => {
    const traceparents: (string | undefined)[] = [];
    await fixture.relay();
    await fixture.run([recorder('traced', () => traceparents.push(currentTraceparent()))]);
    await inTrace(() => fixture.outbox.append(fixture.pool, [purchase('a', 1n)]));
    await eventually(() => Promise.resolve(expect(traceparents).toHaveLength(1)), { timeoutMs: 30_000 });
    expect(traceparents[0]).toContain(traceId);
  });

  it('is the one handed in with the event, where the writer commits for others', async () => {
    const other = '00-11111111111111111111111111111111-2222222222222222-01';
    await inTrace(() => fixture.outbox.append(fixture.pool, [purchase('b', 1n, { traceparent: other })]));
    const published = await fixture.published(2);
    expect(published.find(({ key }) => key === 'b')?.headers['traceparent']).toBe(other);
  });
});
