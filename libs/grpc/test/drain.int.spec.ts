import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { eventually } from '@dailydoco/testing';
import { describe, expect, it } from '@jest/globals';
import { service as healthService } from 'grpc-health-check';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { GrpcHealthClient } from '../src/index.js';
import type { GrpcClient } from '../src/index.js';
import { cleanupAfterEach } from './cleanup.js';
import { StatesServiceService } from './test-services.js';
import { startTestServer, testClient } from './test-server.js';
import type { TestServer } from './test-server.js';

const cleanup = cleanupAfterEach();
const request = { referralCode: 'ada', visitorId: '' };

/** A server whose answers take a few milliseconds and name it, and that counts them. */
async function busyServer(name: string, transport = {}): Promise<TestServer & { served: () => number }> {
  let served = 0;
  const behaviour = {
    checkReferral: async () => {
      await after(3);
      served += 1;
      return { applies: true, referrerId: name };
    },
  };
  const server = await startTestServer(behaviour, { transport });
  cleanup(server.stop);
  return { ...server, served: () => served };
}

/** Ten callers, each with one call under way all the time, until told to stop. */
function load(client: GrpcClient<typeof ReferralServiceService>) {
  const answers: string[] = [];
  let stopped = false;
  const caller = async (): Promise<void> => {
    while (!stopped) answers.push((await client.checkReferral(request)).referrerId);
  };
  const callers = Promise.all(Array.from({ length: 10 }, caller));
  return {
    answers,
    stop: async () => {
      stopped = true;
      await callers;
    },
  };
}

describe('a shutdown under load', () => {
  it('loses no call: two servers share them, one drains, the other takes all', async () => {
    const [first, second] = [await busyServer('first'), await busyServer('second')];
    const client = testClient(ReferralServiceService, `ipv4:${first.address},${second.address}`);
    cleanup(client.close);

    const { answers, stop } = load(client);
    await eventually(() => expect(Math.min(first.served(), second.served())).toBeGreaterThan(100));
    const health = await first.lifecycle.shutdown('test');
    const [servedByFirst, countThen] = [first.served(), answers.length];
    await eventually(() => expect(answers.length).toBeGreaterThan(countThen + 200));
    await stop();

    expect(health).toEqual({ ok: true, failed: [] });
    expect(first.served()).toBe(servedByFirst);
    // Every call was answered (a lost one would have rejected), and every answer given was received.
    expect(answers).toHaveLength(first.served() + second.served());
  });

  it('takes calls of a client that had no other server again once one is back', async () => {
    const first = await busyServer('first');
    const client = testClient(ReferralServiceService, first.address);
    cleanup(client.close);
    await client.checkReferral(request);
    await first.stop();

    await busyServer('next', { port: first.port });

    await eventually(async () => expect(await client.checkReferral(request)).toMatchObject({ referrerId: 'next' }));
  });
});

describe('a connection', () => {
  it('is renewed when it is old, and no call is lost by it', async () => {
    const server = await busyServer('only', { maxConnectionAgeMs: 100 });
    let connections = 0;
    const proxy = createServer((socket) => {
      connections += 1;
      const upstream = connect(server.port, '127.0.0.1');
      socket.pipe(upstream).pipe(socket);
      socket.on('error', () => upstream.destroy());
      upstream.on('error', () => socket.destroy());
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    cleanup(() => proxy.close());
    const client = testClient(ReferralServiceService, `127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    cleanup(client.close);

    const { answers, stop } = load(client);
    await eventually(() => expect(connections).toBeGreaterThanOrEqual(4));
    await stop();

    expect(answers).toHaveLength(server.served());
  });
});

describe('a drain', () => {
  it('waits for the calls under way', async () => {
    const { promise: finish, resolve: finishNow } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const server = await startTestServer({
      checkReferral: async () => {
        arrive();
        await finish;
        return { applies: false, referrerId: 'after all' };
      },
    });
    cleanup(server.stop);
    const client = testClient(ReferralServiceService, server.address);
    cleanup(client.close);

    const call = client.checkReferral(request);
    await arrived;
    let drained = false;
    const shutdown = server.lifecycle.shutdown('test').then(() => {
      drained = true;
    });
    await eventually(async () => {
      const late = testClient(ReferralServiceService, server.address);
      cleanup(late.close);
      const options = { deadlineMs: 200 };
      await expect(late.checkReferral(request, options)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    });
    expect(drained).toBe(false);
    finishNow();

    expect(await call).toMatchObject({ referrerId: 'after all' });
    await shutdown;
  });

  it('ends with UNAVAILABLE what outlasts it, streams included, and tells the handlers', async () => {
    const reasons: unknown[] = [];
    const { promise: bothHere, resolve } = Promise.withResolvers<void>();
    let here = 0;
    const hang = async (signal: AbortSignal): Promise<never> => {
      here += 1;
      if (here === 2) resolve();
      await once(signal, 'abort');
      reasons.push(signal.reason.reason);
      throw signal.reason;
    };
    const server = await startTestServer(
      {
        checkReferral: (_, { signal }) => hang(signal),
        watchStates: async function* (_, { signal }) {
          yield await hang(signal);
        },
      },
      { transport: { drainTimeoutMs: 100 } },
    );
    cleanup(server.stop);
    const client = testClient(ReferralServiceService, server.address);
    cleanup(client.close);
    const states = testClient(StatesServiceService, server.address);
    cleanup(states.close);

    const outcomes = Promise.allSettled([
      client.checkReferral(request),
      states.watchStates({ pageSize: 1, pageToken: '' })[Symbol.asyncIterator]().next(),
    ]);
    await bothHere;
    const health = await server.lifecycle.shutdown('test');

    expect(health).toEqual({ ok: true, failed: [] });
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { reason: 'UNAVAILABLE' } },
      { status: 'rejected', reason: { reason: 'UNAVAILABLE' } },
    ]);
    expect(reasons).toEqual(['UNAVAILABLE', 'UNAVAILABLE']);
  });
});

describe('health', () => {
  it('is SERVING for the server and each service, and for no other name', async () => {
    const server = await busyServer('only');
    const health = new GrpcHealthClient(server.address);
    cleanup(() => health.close());

    expect(await health.isServing()).toBe(true);
    expect(await health.isServing('dailydoco.viral.v1.ReferralService')).toBe(true);
    expect(await health.isServing('dailydoco.viral.v1.NoSuchService')).toBe(false);
  });

  it('is not SERVING from the moment a shutdown begins, while calls are still taken', async () => {
    const server = await startTestServer(
      { checkReferral: async () => ({ applies: true, referrerId: 'still here' }) },
      { notReadyDelayMs: 1_000 },
    );
    cleanup(server.stop);
    const health = new GrpcHealthClient(server.address);
    cleanup(() => health.close());
    const client = testClient(ReferralServiceService, server.address);
    cleanup(client.close);
    expect(await health.isServing()).toBe(true);

    const shutdown = server.lifecycle.shutdown('test');

    expect(await health.isServing()).toBe(false);
    expect(await health.isServing('dailydoco.viral.v1.ReferralService')).toBe(false);
    expect(await client.checkReferral(request)).toMatchObject({ referrerId: 'still here' });
    await shutdown;
  });

  it('tells watchers, and a watch does not hold up the drain', async () => {
    const server = await busyServer('only', { drainTimeoutMs: 10_000 });
    const raw = new Client(server.address, credentials.createInsecure());
    cleanup(() => raw.close());
    const { path, requestSerialize, responseDeserialize } = healthService['Watch']!;
    const decode = (bytes: Buffer): unknown => responseDeserialize(bytes);
    const watch = raw.makeServerStreamRequest(path, requestSerialize, decode, { service: '' }, new Metadata());
    const statuses: unknown[] = [];
    watch.on('data', ({ status }: { status: string }) => statuses.push(status));
    const ended = once(watch, 'end');
    await eventually(() => expect(statuses).toEqual(['SERVING']));

    const startedMs = Date.now();
    await server.stop();
    await ended;

    expect(statuses).toEqual(['SERVING', 'NOT_SERVING']);
    expect(Date.now() - startedMs).toBeLessThan(5_000);
  });

  it('is a plain no when there is no server', async () => {
    const health = new GrpcHealthClient('127.0.0.1:1');
    cleanup(() => health.close());

    expect(await health.isServing()).toBe(false);
  });
});
