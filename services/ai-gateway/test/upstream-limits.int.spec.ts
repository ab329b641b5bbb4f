import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTcpProxy, type TcpProxy } from '@dailydoco/testing';
import { type Gateway, startGateway } from './gateway.js';
import { json, openStream, stream, UpstreamServer, wholeAnswer } from './upstream-server.js';

const CONCURRENT = 2;
const QUEUED = 1;
/** A machine that is busy with something else may be this much late. */
const SLACK_MS = 2_000;
const ask = { model: 'gpt-spec', messages: [{ role: 'user', content: 'Say something nice.' }] };

let upstream: UpstreamServer;
let proxy: TcpProxy;
let gateway: Gateway;
let as: string;

beforeAll(async () => {
  upstream = await UpstreamServer.start();
  const { hostname, port, pathname } = new URL(upstream.baseUrl);
  proxy = await startTcpProxy({ host: hostname, port: Number(port) });
  const upstreams = [{ name: 'spec', baseUrl: `http://127.0.0.1:${proxy.port}${pathname}`, models: ['gpt-spec'] }];
  gateway = await startGateway({
    env: {
      AI_UPSTREAMS: JSON.stringify(upstreams),
      UPSTREAM_CONNECTIONS: String(CONCURRENT),
      UPSTREAM_QUEUE_MAX: String(QUEUED),
      UPSTREAM_HEADERS_TIMEOUT_MS: '300',
      UPSTREAM_ATTEMPTS_MAX: '1',
    },
  });
  ({ as } = gateway.apiKey(gateway.newTenant()));
});

afterAll(async () => {
  await gateway.stop();
  await proxy.close();
  await upstream.stop();
});

const chat = (other: object = {}) =>
  gateway.call('POST', '/ai/v1/chat/completions', { as, body: { ...ask, ...other } });

const breakerState = async (): Promise<string | undefined> => {
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  return /dailydoco_breaker_state\{client="ai spec"\} (\d)/.exec(metrics)?.[1];
};

describe('An upstream', () => {
  it('has its places given back however an answer ends', async () => {
    const fine = json(wholeAnswer('x'));
    for (let round = 0; round < CONCURRENT + QUEUED + 1; round += 1) {
      upstream.answerWith(fine);
      expect((await chat()).status).toBe(200);
      upstream.answerWith(stream('a', 'b'));
      expect((await chat({ stream: true })).status).toBe(200);
      upstream.answerWith(json({ error: { message: 'no' } }, 400));
      expect((await chat()).status).toBe(400);
      upstream.answerWith(json({}, 429));
      expect((await chat()).status).toBe(429);
      upstream.answerWith((response) => {
        openStream(response);
        response.write('data: {"half', () => response.destroy());
      });
      await chat({ stream: true }).catch(() => undefined);
    }
    upstream.answerWith(fine);
    const both = await Promise.all([chat(), chat()]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('is asked by so many at a time; so many wait, and one more is told 503 at once', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    upstream.answerWith(async (response, received) => {
      openStream(response);
      response.write(': begun\n\n');
      await held;
      await stream('x')(Object.assign(response, { writeHead: () => response }), received);
    });
    const first = [chat({ stream: true }), chat({ stream: true })];
    await eventually(() => expect(upstream.received).toHaveLength(2));
    const waiting = chat({ stream: true });
    const asked = gateway.logged.length;
    let refused = await chat({ stream: true });
    // The one that waits may have come behind this one.
    if (refused.status !== 503) refused = await chat({ stream: true });
    expect(refused).toMatchObject({ status: 503, body: { error: { type: 'server_error', code: 'overloaded' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(upstream.received).toHaveLength(2);
    expect(asked).toBeGreaterThan(0);
    release();
    for (const { status } of await Promise.all([...first, waiting])) expect(status).toBe(200);
  });

  it('that does not answer is left alone after a while, and asked again soon after it is back', async () => {
    upstream.answerWith(json(wholeAnswer('x')));
    expect((await chat()).status).toBe(200);
    proxy.suffer({ stalled: true });
    for (let n = 0; n < 10; n += 1) {
      const startedMs = performance.now();
      expect((await chat()).status).toBe(504);
      // undici looks at its timeouts once a second.
      expect(performance.now() - startedMs).toBeLessThan(300 + 1_000 + SLACK_MS);
    }
    expect(await breakerState()).toBe('2');
    const refused = await chat();
    expect(refused).toMatchObject({ status: 503, body: { error: { type: 'server_error', code: 'unavailable' } } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    proxy.heal();
    const healedMs = performance.now();
    await eventually(async () => expect((await chat()).status).toBe(200));
    expect(performance.now() - healedMs).toBeLessThan(5_000 + SLACK_MS);
    expect(await breakerState()).toBe('0');
  });
});
