import { DomainError } from '@dailydoco/errors';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { LoadShedder } from '@dailydoco/resilience';
import { eventually, startTcpProxy, type TcpProxy } from '@dailydoco/testing';
import { describe, expect, it } from '@jest/globals';
import { GrpcHealthClient, type GrpcClientOptions, type GrpcTransportOptions } from '../src/index.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testClient } from './test-server.js';
import type { Behaviour } from './test-services.js';

const cleanup = cleanupAfterEach();
const ANSWER = { applies: true, referrerId: 'someone' };
const REQUEST = { referralCode: 'ada', visitorId: '' };
/** A machine that is busy with something else may be this much late. */
const SLACK_MS = 2_000;

type ClientOptions = Partial<GrpcClientOptions<typeof ReferralServiceService>>;

interface Link {
  readonly proxy: TcpProxy;
  readonly call: (options?: object) => Promise<string>;
  /** Calls that reached the server. */
  readonly served: () => number;
  readonly logged: string[];
  readonly address: string;
}

async function connect(
  answer: NonNullable<Behaviour['checkReferral']>,
  client: ClientOptions = {},
  transport: Partial<GrpcTransportOptions> = {},
): Promise<Link> {
  let served = 0;
  const behaviour: Behaviour = {
    checkReferral: (...args) => {
      served += 1;
      return answer(...args);
    },
  };
  const server = await startTestServer(behaviour, { transport });
  cleanup(server.stop);
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: server.port });
  cleanup(() => proxy.close());
  const logged: string[] = [];
  const log = (_: object, text: string) => void logged.push(text.split(':')[0] ?? '');
  const logger = { warn: log, info: log } as unknown as NonNullable<ClientOptions['logger']>;
  const address = `127.0.0.1:${proxy.port}`;
  const referrals = testClient(ReferralServiceService, address, { logger, ...client });
  cleanup(referrals.close);
  const call = async (options: object = {}): Promise<string> =>
    referrals.checkReferral(REQUEST, options).then(
      () => 'answered',
      (error: unknown) => (error instanceof DomainError ? error.reason : String(error)),
    );
  return { proxy, call, served: () => served, logged, address };
}

async function timed<T>(work: Promise<T>): Promise<{ outcome: T; tookMs: number }> {
  const startedMs = performance.now();
  const outcome = await work;
  return { outcome, tookMs: performance.now() - startedMs };
}

const times = <T>(count: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, work));

describe('a server that does not answer', () => {
  it.each([
    ['stalls', { stalled: true }],
    ['is cut off', { partitioned: true }],
  ])('because the network %s: calls end in time, then at once, and go on soon after it is back', async (_, fault) => {
    const limits = { failuresInRow: 5, firstPauseMs: 200, longestPauseMs: 1_000 };
    const { proxy, call, served, logged } = await connect(async () => ANSWER, { limits });
    expect(await call()).toBe('answered');
    proxy.suffer(fault);
    for (const { outcome, tookMs } of await times(5, () => timed(call({ deadlineMs: 200 })))) {
      expect(outcome).toBe('DEADLINE_EXCEEDED');
      expect(tookMs).toBeLessThan(200 + SLACK_MS);
    }
    expect(logged).toEqual(['the breaker opened']);
    const before = served();
    const refused = await times(500, () => timed(call({ deadlineMs: 200 })));
    // All at once, but for a probe, or a few of them where five hundred calls take long.
    expect(refused.filter(({ outcome }) => outcome === 'UNAVAILABLE').length).toBeGreaterThanOrEqual(480);
    expect(served()).toBe(before);
    proxy.heal();
    const { tookMs } = await timed(eventually(async () => expect(await call({ deadlineMs: 200 })).toBe('answered')));
    // The longest pause of the breaker, and that of the connection's own attempts.
    expect(tookMs).toBeLessThan(1_000 + 3_000 + SLACK_MS);
    expect(logged).toEqual(['the breaker opened', 'the breaker closed']);
  });

  it('is not held against it when the caller left, or had no time of its own', async () => {
    const { call, logged } = await connect(() => new Promise(() => undefined), { limits: { failuresInRow: 3 } });
    for (let n = 0; n < 5; n += 1) {
      const caller = new AbortController();
      const left = call({ signal: caller.signal });
      caller.abort();
      expect(await left).toBe('CANCELLED');
      const within = { deadline: new Date(Date.now() + 60), signal: new AbortController().signal };
      expect(await call({ within })).toBe('DEADLINE_EXCEEDED');
    }
    expect(logged).toEqual([]);
    await times(3, () => call({ deadlineMs: 60 }));
    expect(logged).toEqual(['the breaker opened']);
  });
});

describe('a server that refuses', () => {
  it.each(['NOT_FOUND', 'VALIDATION_FAILED', 'OVERLOADED'] as const)(
    'with %s is a server that is there',
    async (reason) => {
      const { call, served, logged } = await connect(() => Promise.reject(new DomainError(reason)));
      for (let n = 0; n < 30; n += 1) expect(await call()).toBe(reason);
      expect(served()).toBe(30);
      expect(logged).toEqual([]);
    },
  );

  it('as unavailable gets few more calls by retries, and soon none at all', async () => {
    const away = () => Promise.reject(new DomainError('UNAVAILABLE'));
    const retrySafeMethods = ['checkReferral'] as const;
    const patient = await connect(away, { retrySafeMethods, limits: { failuresInRow: 1_000_000 } });
    for (let n = 0; n < 100; n += 1) expect(await patient.call()).toBe('UNAVAILABLE');
    // Without a budget it would be three hundred.
    expect(patient.served()).toBeGreaterThan(100);
    expect(patient.served()).toBeLessThanOrEqual(112);
    const guarded = await connect(away, { retrySafeMethods, limits: { firstPauseMs: 60_000, longestPauseMs: 60_000 } });
    for (let n = 0; n < 100; n += 1) expect(await guarded.call()).toBe('UNAVAILABLE');
    expect(guarded.served()).toBeLessThanOrEqual(22);
  });
});

describe('a server that is slow', () => {
  it('gets so many calls at a time; so many wait within their deadline, and the rest is told at once', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    let [running, most] = [0, 0];
    const { call, served } = await connect(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await held;
        running -= 1;
        return ANSWER;
      },
      { limits: { concurrent: 3, queued: 4 } },
    );
    const first = Array.from({ length: 3 }, () => call());
    await eventually(() => expect(served()).toBe(3));
    const impatient = Array.from({ length: 2 }, () => timed(call({ deadlineMs: 150 })));
    const waiting = Array.from({ length: 2 }, () => call());
    const refused = await times(100, () => timed(call({ deadlineMs: 5_000 })));
    expect(new Set(refused.map(({ outcome }) => outcome))).toEqual(new Set(['OVERLOADED']));
    for (const { outcome, tookMs } of await Promise.all(impatient)) {
      expect(outcome).toBe('OVERLOADED');
      expect(tookMs).toBeLessThan(150 + SLACK_MS);
    }
    release();
    expect(await Promise.all([...first, ...waiting])).toEqual(Array(5).fill('answered'));
    expect(most).toBe(3);
    expect(served()).toBe(5);
  });

  it('turns away what it cannot take before it looks who calls, and still tells its health', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const shedder = new LoadShedder({ edge: 'grpc', inFlightMax: 2 });
    const { call, served, address, logged } = await connect(
      async () => {
        await held;
        return ANSWER;
      },
      {},
      { shedder },
    );
    const first = Array.from({ length: 2 }, () => call());
    await eventually(() => expect(served()).toBe(2));
    expect(await call({ authorization: 'Bearer nonsense' })).toBe('OVERLOADED');
    expect(await times(20, () => call())).toEqual(Array(20).fill('OVERLOADED'));
    const health = new GrpcHealthClient(address);
    cleanup(() => health.close());
    expect(await health.isServing('', 5_000)).toBe(true);
    release();
    expect(await Promise.all(first)).toEqual(['answered', 'answered']);
    expect(await call()).toBe('answered');
    expect(shedder.inFlight).toBe(0);
    expect(logged).toEqual([]);
  });
});

describe('a handler whose store is away', () => {
  it('is told as unavailable, not as a bug', async () => {
    const { call } = await connect(() => Promise.reject(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })));
    expect(await call()).toBe('UNAVAILABLE');
  });
});
