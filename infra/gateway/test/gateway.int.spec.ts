import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import { countingRedis } from '../src/counting-redis.js';
import { kongWith, logger, setUpBench } from './bench.js';

const { startGateway, answerBy, afterwards, wayToRedis } = setUpBench();

/** A request as it is written, byte for byte. */
async function raw(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  afterwards(() => socket.destroy());
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}

describe('what passes', () => {
  it('goes to the service of its path, with method, query and body', async () => {
    const url = await startGateway();
    const answer = await fetch(`${url}/v1/purchases?externalId=a%20b`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
      body: '{"a":1}',
    });
    expect(await answer.json()).toMatchObject({
      method: 'POST',
      url: '/v1/purchases?externalId=a%20b',
      bytes: 7,
      headers: { 'idempotency-key': 'k', 'content-length': '7' },
    });
  });

  it('carries the host and the caller’s true address, whatever the caller claims', async () => {
    const url = await startGateway();
    const { hostname, port } = new URL(url);
    const headers = {
      host: 'shop.example.com',
      'x-forwarded-for': '6.6.6.6',
      'x-real-ip': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
    };
    const sent = httpRequest({ hostname, port, path: '/v1/plans', headers });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const seen = (JSON.parse(text) as { headers: Record<string, string> }).headers;
    expect(seen).toMatchObject({
      host: 'shop.example.com',
      'x-forwarded-for': '127.0.0.1',
      'x-real-ip': '127.0.0.1',
      'x-forwarded-host': 'shop.example.com',
      'x-forwarded-proto': 'http',
    });
    expect(seen).not.toHaveProperty('forwarded');
  });

  it('keeps a request id and makes one where there is none', async () => {
    const url = await startGateway();
    const mine = await fetch(`${url}/v1/plans`, { headers: { 'x-request-id': 'mine-1' } });
    expect(mine.headers.get('x-request-id')).toBe('mine-1');
    expect(await mine.json()).toMatchObject({ headers: { 'x-request-id': 'mine-1' } });
    const odd = await fetch(`${url}/v1/plans`, { headers: { 'x-request-id': 'a b<script>' } });
    expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('streams: the first words arrive while the rest is not yet said', async () => {
    const url = await startGateway();
    let finish: () => void = () => undefined;
    answerBy((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
      finish = () => response.end('data: two\n\n');
    });
    const answer = await fetch(`${url}/ai/v1/chat/completions`, { method: 'POST', body: '{}' });
    const reader = answer.body!.getReader();
    const decode = (chunk: Uint8Array | undefined) => Buffer.from(chunk ?? []).toString();
    expect(decode((await reader.read()).value)).toBe('data: one\n\n');
    finish();
    expect(decode((await reader.read()).value)).toBe('data: two\n\n');
  });

  it('tells the service when the client has gone', async () => {
    const url = await startGateway();
    const gone = Promise.withResolvers<void>();
    answerBy((_request, response) => {
      response.write('data: one\n\n');
      response.on('close', () => gone.resolve());
    });
    const controller = new AbortController();
    const answer = await fetch(`${url}/ai/v1/chat/completions`, {
      method: 'POST',
      body: '{}',
      signal: controller.signal,
    });
    await answer.body!.getReader().read();
    controller.abort();
    await gone.promise;
  });

  it('keeps a 503 of the service as it is, and asks only once', async () => {
    const url = await startGateway();
    let asked = 0;
    answerBy((_request, response) => {
      asked += 1;
      response
        .writeHead(503, { 'retry-after': '1', 'content-type': 'application/problem+json' })
        .end('{"code":"UNAVAILABLE"}');
    });
    const answer = await fetch(`${url}/v1/plans`);
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
      503,
      '1',
      { code: 'UNAVAILABLE' },
    ]);
    expect(asked).toBe(1);
  });
});

describe('what does not pass', () => {
  it.each([
    '/',
    '/v1',
    '/v1/purchase',
    '/v1/purchases/1/2',
    '/internal/openapi.json',
    '/health/ready',
    '/metrics',
    '/v1/../internal/openapi.json',
    '/v1/%2e%2e/metrics',
    '//metrics',
  ])('%s: nobody owns it, told as a problem', async (path) => {
    const url = await startGateway();
    const answer = await raw(url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain('"code":"NOT_FOUND"');
  });

  it.each([
    ['a path that cannot be decoded', 'GET /v1/%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['a backslash', 'GET /v1\\plans HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['two lengths', 'POST /v1/purchases HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    [
      'a length beside chunks',
      'POST /v1/purchases HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['no HTTP at all', 'hello\r\n\r\n'],
  ])('%s: 400', async (_what, text) => {
    const url = await startGateway();
    let reached = false;
    answerBy((_request, response) => {
      reached = true;
      response.end();
    });
    expect(await raw(url, text)).toMatch(/^HTTP\/1\.1 400 /);
    expect(reached).toBe(false);
  });

  it('a body that is too large, whether its length is told or not: 413', async () => {
    const url = await startGateway({ kong: kongWith({ bodyBytes: 1_000 }) });
    const told = await fetch(`${url}/v1/purchases`, { method: 'POST', body: 'x'.repeat(1_001) });
    expect(told.status).toBe(413);
    const untold = await fetch(`${url}/v1/purchases`, {
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream({
        start(controller) {
          for (let part = 0; part < 10; part += 1) controller.enqueue(Buffer.alloc(200));
          controller.close();
        },
      }),
    } as RequestInit);
    expect(untold.status).toBe(413);
    const fits = await fetch(`${url}/v1/purchases`, { method: 'POST', body: 'x'.repeat(1_000) });
    expect(await fits.json()).toMatchObject({ bytes: 1_000 });
  });

  it('a service that is away: 502; one that is too slow: 504', async () => {
    const url = await startGateway({
      kong: kongWith({ readTimeoutMs: 200 }),
      upstreams: { payouts: '127.0.0.1:1' },
    });
    const away = await fetch(`${url}/v1/balances/me`);
    expect([away.status, await away.json()]).toEqual([
      502,
      {
        message: 'An invalid response was received from the upstream server',
        request_id: away.headers.get('x-request-id'),
      },
    ]);
    answerBy(() => undefined);
    expect((await fetch(`${url}/v1/plans`)).status).toBe(504);
  });
});

describe('browsers of other sites', () => {
  it('may call with a token, and learn what they need', async () => {
    const url = await startGateway();
    const preflight = await fetch(`${url}/v1/events`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://partner.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization');
    expect(preflight.headers.get('access-control-allow-credentials')).toBeNull();
    const call = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { origin: 'https://partner.example' },
      body: '{}',
    });
    expect(call.headers.get('access-control-allow-origin')).toBe('*');
  });
});

describe('closing', () => {
  it('does not wait long for a Redis that has gone: the process would live on', async () => {
    const { proxy, url } = await wayToRedis();
    const redis = countingRedis(url, logger);
    afterwards(() => redis.disconnect());
    await redis.connect();
    await proxy.close();
    await eventually(() => expect(redis.status).toBe('reconnecting'));
    const timers = jest.spyOn(globalThis, 'setTimeout');
    redis.disconnect();
    const waits = timers.mock.calls.map(([, delayMs]) => delayMs ?? 0);
    timers.mockRestore();
    expect(Math.max(0, ...waits)).toBeLessThan(1_000);
  });
});
