import { serviceToken } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import {
  PurchaseServiceService,
  PurchaseState,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { eventually } from '@dailydoco/testing';
import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { CallContext } from '../src/index.js';
import { domainErrorOf } from '../src/wire-status.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, TEST_SECRET, testClient } from './test-server.js';
import type { TestServerOptions } from './test-server.js';
import { StatesServiceService } from './test-services.js';
import type { Behaviour } from './test-services.js';

const cleanup = cleanupAfterEach();
const request = { referralCode: 'ada', visitorId: '' };
const answer = { applies: true, referrerId: 'u1' };

async function server(behaviour: Behaviour, transport: TestServerOptions['transport'] = {}) {
  const started = await startTestServer(behaviour, { transport });
  cleanup(started.stop);
  const client = testClient(ReferralServiceService, started.address);
  cleanup(client.close);
  return { ...started, client };
}

/** Ends with what aborted the call. */
function untilAborted({ signal }: CallContext): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

/** A call as a foreign client makes it: without a deadline unless told. */
async function rawCall(address: string, deadline?: number): Promise<unknown> {
  const { path, requestSerialize, responseDeserialize } = ReferralServiceService.checkReferral;
  const raw = new Client(address, credentials.createInsecure());
  cleanup(() => raw.close());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await serviceToken({ secret: TEST_SECRET, service: 'payouts' })}`);
  const options = deadline === undefined ? {} : { deadline };
  return new Promise((resolve) => {
    raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, (error, value) =>
      resolve(error === null ? value : domainErrorOf(error)),
    );
  });
}

describe('a deadline', () => {
  it('is the default of the server when the client sets none', async () => {
    const seen: { remainingMs?: number; reason?: unknown } = {};
    const { address } = await server(
      {
        checkReferral: (_, call) => {
          seen.remainingMs = call.deadline.getTime() - Date.now();
          return untilAborted(call).catch((reason: unknown) => {
            seen.reason = reason;
            throw reason;
          });
        },
      },
      { defaultDeadlineMs: 150 },
    );

    expect(await rawCall(address)).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(seen.remainingMs).toBeGreaterThan(0);
    expect(seen.remainingMs).toBeLessThanOrEqual(150);
    expect(seen.reason).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  });

  it('is cut to the longest that the server allows', async () => {
    const { address } = await server(
      { checkReferral: (_, call) => untilAborted(call) },
      { defaultDeadlineMs: 100, maxDeadlineMs: 150 },
    );

    const startedMs = Date.now();
    expect(await rawCall(address, Date.now() + 3_600_000)).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(Date.now() - startedMs).toBeLessThan(5_000);
  });

  it('of the client reaches the handler and ends it', async () => {
    const { promise: reason, resolve } = Promise.withResolvers<unknown>();
    const { client } = await server({ checkReferral: (_, call) => untilAborted(call).catch(resolve as () => never) });

    await expect(client.checkReferral(request, { deadlineMs: 120 })).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
    expect(await reason).toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
  });

  it('of the client holds although the handler does not look at it', async () => {
    const { promise: never, resolve } = Promise.withResolvers<typeof answer>();
    cleanup(() => resolve(answer));
    const { client } = await server({ checkReferral: () => never });

    await expect(client.checkReferral(request, { deadlineMs: 120 })).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
  });

  it('holds against a peer that accepts the connection and then says nothing', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    cleanup(() => {
      for (const socket of sockets) socket.destroy();
      mute.close();
    });
    const client = testClient(ReferralServiceService, `127.0.0.1:${(mute.address() as AddressInfo).port}`);
    cleanup(client.close);

    await expect(client.checkReferral(request, { deadlineMs: 150 })).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
  });

  it('of a call that is part of another ends before that one', async () => {
    const deadlines: Date[] = [];
    const inner = await server({
      checkReferral: async (_, call) => {
        deadlines.push(call.deadline);
        return answer;
      },
    });
    const outer = await server({
      checkReferral: (received, call) => {
        deadlines.push(call.deadline);
        return inner.client.checkReferral(received, { within: call, deadlineMs: 60_000 });
      },
    });

    await outer.client.checkReferral(request, { deadlineMs: 1_000 });
    const [outerDeadline, innerDeadline] = deadlines;
    expect(innerDeadline!.getTime()).toBeLessThan(outerDeadline!.getTime());
  });

  it('is refused at once when the outer call has no time left', async () => {
    let called = false;
    const { client } = await server({
      checkReferral: async () => {
        called = true;
        return answer;
      },
    });
    const within = { deadline: new Date(Date.now() + 5), signal: new AbortController().signal };

    await expect(client.checkReferral(request, { within })).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(called).toBe(false);
  });
});

describe('a cancel', () => {
  it('reaches the handler mid-work, and the work stops', async () => {
    const caller = new AbortController();
    const work = { steps: 0, stoppedBy: undefined as unknown };
    const { client } = await server({
      checkReferral: async (_, { signal }) => {
        // Steps as a long query in batches would take them.
        while (!signal.aborted) {
          work.steps += 1;
          await new Promise(setImmediate);
          if (work.steps === 20) caller.abort();
        }
        work.stoppedBy = signal.reason;
        return answer;
      },
    });

    await expect(client.checkReferral(request, { signal: caller.signal })).rejects.toMatchObject({
      reason: 'CANCELLED',
    });
    await eventually(() => expect(work.stoppedBy).toMatchObject({ reason: 'CANCELLED' }));
    const stoppedAt = work.steps;
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(work.steps).toBe(stoppedAt);
  });

  it('before the call keeps it from being made', async () => {
    const { client, logLines } = await server({});

    await expect(client.checkReferral(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      reason: 'CANCELLED',
    });
    expect(logLines).toEqual([]);
  });

  it('of the outer call cancels the calls that are part of it', async () => {
    const { promise: innerReason, resolve } = Promise.withResolvers<unknown>();
    const caller = new AbortController();
    const inner = await server({
      checkReferral: (_, call) => {
        caller.abort();
        return untilAborted(call).catch(resolve as () => never);
      },
    });
    const outer = await server({
      checkReferral: (received, call) => inner.client.checkReferral(received, { within: call }),
    });

    await expect(outer.client.checkReferral(request, { signal: caller.signal })).rejects.toMatchObject({
      reason: 'CANCELLED',
    });
    expect(await innerReason).toMatchObject({ reason: 'CANCELLED' });
  });

  it('by leaving a stream early ends the handler and the source of requests', async () => {
    const ended = { source: false, handler: undefined as unknown };
    const { address } = await server({
      recordPurchases: async function* (requests, { signal }) {
        try {
          for await (const { correlationId } of requests) yield { correlationId, result: undefined };
        } finally {
          ended.handler = signal.reason;
        }
      },
    });
    const client = testClient(PurchaseServiceService, address);
    cleanup(client.close);
    async function* endless() {
      try {
        for (let correlationId = 0n; ; correlationId += 1n) yield { correlationId, purchase: undefined };
      } finally {
        ended.source = true;
      }
    }

    for await (const { correlationId } of client.recordPurchases(endless())) {
      if (correlationId === 5n) break;
    }

    await eventually(() => expect(ended).toMatchObject({ source: true, handler: { reason: 'CANCELLED' } }));
  });

  it('never makes a stream of requests look complete', async () => {
    const outcomes: string[] = [];
    const { address } = await server({
      collectStates: async (requests) => {
        try {
          for await (const _ of requests);
          outcomes.push('complete');
        } catch (error) {
          outcomes.push(error instanceof DomainError ? error.reason : String(error));
        }
        return { states: [], nextPageToken: '' };
      },
    });
    const client = testClient(StatesServiceService, address);
    cleanup(client.close);

    for (let round = 0; round < 50; round += 1) {
      const caller = new AbortController();
      async function* cancelledHalfway() {
        yield PurchaseState.create();
        await new Promise(setImmediate);
        caller.abort();
        yield PurchaseState.create();
      }
      await expect(client.collectStates(cancelledHalfway(), { signal: caller.signal })).rejects.toMatchObject({
        reason: 'CANCELLED',
      });
    }

    // A call that was cancelled before it left has no outcome; of the others none may be complete.
    await eventually(() => expect(outcomes.length).toBeGreaterThan(25));
    expect(new Set(outcomes)).toEqual(new Set(['CANCELLED']));
  });

  it('does not come after the answer', async () => {
    const signals: AbortSignal[] = [];
    const { client } = await server({
      checkReferral: async (_, { signal }) => {
        signals.push(signal);
        return answer;
      },
    });

    for (let call = 0; call < 20; call += 1) await client.checkReferral(request);
    expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => false));
  });
});
