import {
  PurchaseServiceService,
  PurchaseState,
  RecordPurchaseRequest,
  RecordPurchaseResponse,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { describe, expect, it } from '@jest/globals';
import { setTimeout as after } from 'node:timers/promises';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testClient } from './test-server.js';
import { StatesServiceService } from './test-services.js';
import type { Behaviour } from './test-services.js';

const cleanup = cleanupAfterEach();
const MANY = 2_000;
// One message fills a whole HTTP/2 window, so what is under way can be counted on two hands beside Node's buffers of 16.
const LARGE = 'x'.repeat(64 * 1_024);
const MOST_UNDER_WAY = 64;

async function serve(behaviour: Behaviour) {
  const server = await startTestServer(behaviour);
  cleanup(server.stop);
  const purchases = testClient(PurchaseServiceService, server.address);
  cleanup(purchases.close);
  const states = testClient(StatesServiceService, server.address);
  cleanup(states.close);
  return { purchases, states };
}

/** The count once it has stood still for a quarter of a second. */
async function settled(count: () => number): Promise<number> {
  let [last, same] = [count(), 0];
  while (same < 25) {
    await after(10);
    same = count() === last ? same + 1 : 0;
    last = count();
  }
  return last;
}

describe('an int64', () => {
  const extremes = [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 0n, -1n];

  it.each(extremes)('%s passes intact in both directions, alone and in streams', async (micros) => {
    const { purchases, states } = await serve({
      recordPurchase: async ({ amount }) =>
        RecordPurchaseResponse.fromPartial({ purchaseId: 'p', total: amount ?? {} }),
      watchStates: async function* () {
        yield PurchaseState.fromPartial({ purchaseSequence: micros });
      },
    });

    const amount = { micros, currencyCode: 'USD' };
    const { total } = await purchases.recordPurchase(RecordPurchaseRequest.fromPartial({ amount }));
    expect(total).toEqual(amount);
    for await (const state of states.watchStates({ pageSize: 0, pageToken: '' })) {
      expect(state.purchaseSequence).toBe(micros);
    }
  });
});

describe('a stream', () => {
  it('in both directions answers each request', async () => {
    const { purchases } = await serve({
      recordPurchases: async function* (requests) {
        for await (const { correlationId } of requests) yield { correlationId, result: undefined };
      },
    });
    const ids = Array.from({ length: MANY }, (_, index) => BigInt(index));

    const answered: bigint[] = [];
    const requests = ids.map((correlationId) => ({ correlationId, purchase: undefined }));
    for await (const { correlationId } of purchases.recordPurchases(requests)) answered.push(correlationId);

    expect(answered).toEqual(ids);
  });

  it('of answers comes to one request, and one answer to a stream of requests', async () => {
    const { states } = await serve({
      watchStates: async function* ({ pageSize }) {
        for (let index = 0; index < pageSize; index += 1) yield PurchaseState.fromPartial({ purchaseId: `p${index}` });
      },
      collectStates: async (requests) => {
        const collected: PurchaseState[] = [];
        for await (const state of requests) collected.push(state);
        return { states: collected, nextPageToken: 'end' };
      },
    });

    const watched: PurchaseState[] = [];
    for await (const state of states.watchStates({ pageSize: 300, pageToken: '' })) watched.push(state);
    const { states: collected, nextPageToken } = await states.collectStates(watched);

    expect(watched.map(({ purchaseId }) => purchaseId)).toEqual(Array.from({ length: 300 }, (_, index) => `p${index}`));
    expect(collected).toEqual(watched);
    expect(nextPageToken).toBe('end');
  });

  it('may be answered in full before all its requests were read', async () => {
    const { promise: sourceEnded, resolve: endSource } = Promise.withResolvers<void>();
    const { purchases } = await serve({
      recordPurchases: async function* (requests) {
        for await (const { correlationId } of requests) {
          if (correlationId === 2n) break;
        }
        yield { correlationId: 77n, result: undefined };
      },
    });
    async function* endless() {
      try {
        for (let correlationId = 0n; ; correlationId += 1n) yield { correlationId, purchase: undefined };
      } finally {
        endSource();
      }
    }

    const answered: bigint[] = [];
    for await (const { correlationId } of purchases.recordPurchases(endless())) answered.push(correlationId);

    expect(answered).toEqual([77n]);
    await sourceEnded;
  });

  it('that nobody has begun to read costs no call', async () => {
    let called = false;
    const { states } = await serve({
      watchStates: async function* () {
        called = true;
        yield PurchaseState.create();
      },
      collectStates: async () => ({ states: [], nextPageToken: '' }),
    });

    states.watchStates({ pageSize: 1, pageToken: '' });
    await states.collectStates([]);

    expect(called).toBe(false);
  });
});

describe('back-pressure', () => {
  it('holds the handler when the reader is slow, and everything arrives in the end', async () => {
    let produced = 0;
    const { purchases } = await serve({
      recordPurchases: async function* () {
        for (; produced < MANY; produced += 1) {
          const error = { reason: 'PURCHASE_CONFLICT', detail: LARGE };
          yield { correlationId: BigInt(produced), result: { $case: 'error', value: error } };
        }
      },
    });

    const answers = purchases.recordPurchases([])[Symbol.asyncIterator]();
    await answers.next();
    const aheadOfReader = await settled(() => produced);
    let read = 1;
    for (let next = await answers.next(); next.done !== true; next = await answers.next()) {
      expect(next.value.correlationId).toBe(BigInt(read));
      read += 1;
    }

    expect(aheadOfReader).toBeLessThanOrEqual(MOST_UNDER_WAY);
    expect(read).toBe(MANY);
  });

  it('holds the source of requests when the handler is slow to read, and everything arrives in the end', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let received = 0;
    const { purchases } = await serve({
      recordPurchases: async function* (requests) {
        await gate;
        for await (const _ of requests) received += 1;
        yield { correlationId: 0n, result: undefined };
      },
    });
    let pulled = 0;
    function* source() {
      for (; pulled < MANY; pulled += 1) {
        yield { correlationId: BigInt(pulled), purchase: RecordPurchaseRequest.fromPartial({ externalId: LARGE }) };
      }
    }

    const answer = purchases.recordPurchases(source())[Symbol.asyncIterator]().next();
    const aheadOfHandler = await settled(() => pulled);
    open();
    await answer;

    expect(aheadOfHandler).toBeGreaterThan(0);
    expect(aheadOfHandler).toBeLessThanOrEqual(MOST_UNDER_WAY);
    expect(received).toBe(MANY);
  });

  it('holds requests when the answers are not read', async () => {
    let handled = 0;
    let pulled = 0;
    const { purchases } = await serve({
      recordPurchases: async function* (requests) {
        for await (const { correlationId } of requests) {
          handled += 1;
          yield { correlationId, result: { $case: 'error', value: { reason: 'X', detail: LARGE } } };
        }
      },
    });
    function* source() {
      for (; pulled < MANY; pulled += 1) {
        yield { correlationId: BigInt(pulled), purchase: RecordPurchaseRequest.fromPartial({ externalId: LARGE }) };
      }
    }

    const answers = purchases.recordPurchases(source())[Symbol.asyncIterator]();
    await answers.next();
    const [handledThen, pulledThen] = [await settled(() => handled), await settled(() => pulled)];
    await answers.return?.();

    expect(handledThen).toBeLessThanOrEqual(MOST_UNDER_WAY);
    expect(pulledThen).toBeLessThanOrEqual(2 * MOST_UNDER_WAY);
  });

  it('lets go of a reader that never comes back when the deadline has passed', async () => {
    const { promise: reason, resolve } = Promise.withResolvers<unknown>();
    const { purchases } = await serve({
      recordPurchases: async function* (_, { signal }) {
        try {
          for (;;) yield { correlationId: 1n, result: { $case: 'error', value: { reason: 'X', detail: LARGE } } };
        } finally {
          resolve(signal.reason);
        }
      },
    });

    const answers = purchases.recordPurchases([], { deadlineMs: 300 })[Symbol.asyncIterator]();
    await answers.next();

    expect(await reason).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  });
});
