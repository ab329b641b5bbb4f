import { Agent } from 'node:http';
import { Requires, serviceToken } from '@dailydoco/auth';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { OrdersController, openShop, SERVICE_SECRET, type Shop } from './shop.js';
import { call, callRaw, type WireAnswer, type WireRequest } from './wire.js';

const ORDER = { externalId: 'order-1', amount: { amount: '79', currency: 'USD' } };
const SOME_ID = '0197a0ee-bc99-7c0b-8ef8-bb6d6bb9bd38';
const MIB = 1_048_576;

let shop: Shop;
let writer: string;
let reader: string;

beforeAll(async () => {
  shop = await openShop();
  writer = shop.keyFor('purchases:write');
  reader = shop.keyFor('purchases:read');
});
afterAll(() => shop.close());

const to = (path: string, request?: WireRequest): Promise<WireAnswer> => call(shop.url + path, request);
const order = (body: unknown, headers: Record<string, string | string[]> = {}): Promise<WireAnswer> =>
  to('/v1/orders', { method: 'POST', headers: { authorization: writer, ...headers }, body });

function expectProblem(answer: WireAnswer, status: number, code: string): void {
  expect(answer.body).toMatchObject({
    status,
    code,
    type: `urn:dailydoco:problem:${code.toLowerCase().replaceAll('_', '-')}`,
  });
  expect(answer.body).toMatchObject({
    title: expect.any(String),
    detail: expect.any(String),
    traceId: expect.any(String),
  });
  expect(answer.status).toBe(status);
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  expect(answer.headers['x-request-id']).toMatch(/.+/);
}

describe('a request that is right', () => {
  it('reaches the handler with what the schemas made of it', async () => {
    const answer = await order({ ...ORDER, orderedAt: '2025-06-01T14:00:00+02:00' });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.body).toEqual({
      externalId: 'order-1',
      amount: { amount: '79.00', currency: 'USD' },
      orderedAt: '2025-06-01T12:00:00.000Z',
    });
  });

  it('gets the status that @Answers names', async () => {
    const answer = await to(`/v1/orders/${SOME_ID}/publish`, { method: 'POST' });
    expect(answer).toMatchObject({ status: 202, body: { id: SOME_ID, caller: null } });
  });

  it('may carry credentials where anyone may come, and they are used when they hold', async () => {
    const publish = (authorization: string): Promise<WireAnswer> =>
      to(`/v1/orders/${SOME_ID}/publish`, { method: 'POST', headers: { authorization } });
    expect((await publish(reader)).body).toEqual({ id: SOME_ID, caller: 'apiKey' });
    expect((await publish('Bearer dd_wrong')).body).toEqual({ id: SOME_ID, caller: null });
  });

  it.each([
    ['nothing', {}],
    ['an empty body', { headers: { 'content-type': 'application/json' }, body: '' }],
    ['an empty object', { body: {} }],
  ])('may bring %s where no body is taken', async (_name, request) => {
    expect((await to(`/v1/orders/${SOME_ID}/publish`, { method: 'POST', ...request })).status).toBe(202);
  });

  it('may be a HEAD', async () => {
    const answer = await to('/v1/orders?pageSize=3', { method: 'HEAD', headers: { authorization: reader } });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect((await to('/v1/orders', { method: 'HEAD' })).status).toBe(401);
  });

  it('gets integers beyond 2^53 as text', async () => {
    expect((await to('/v1/orders/huge')).body).toEqual({ count: '9007199254740993' });
  });
});

describe('request ids', () => {
  it('are echoed when they are short and visible', async () => {
    const answer = await to('/v1/orders', { headers: { 'x-request-id': 'my-request.7' } });
    expect(answer.headers['x-request-id']).toBe('my-request.7');
  });

  it.each(['a b', 'x'.repeat(129), 'tab\there'])('are made anew instead of %j', async (id) => {
    const answer = await to('/v1/orders', { headers: { 'x-request-id': id } });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('problems', () => {
  const wrongType = { headers: { 'content-type': 'text/csv' }, body: 'a,b' };
  it.each<[string, number, string, WireRequest & { path: string }]>([
    ['an unknown path', 404, 'NOT_FOUND', { path: '/v1/nothing' }],
    ['an unknown path with a body', 404, 'NOT_FOUND', { path: '/v1/nothing', method: 'POST', body: ORDER }],
    ['an unknown method', 404, 'NOT_FOUND', { path: '/v1/orders', method: 'DELETE' }],
    ['a path that is no path', 400, 'MALFORMED_REQUEST', { path: '/v1/orders/%zz' }],
    ['a parameter beyond reason', 404, 'NOT_FOUND', { path: `/v1/orders/${'x'.repeat(300)}` }],
    ['no credentials', 401, 'UNAUTHENTICATED', { path: '/v1/orders', method: 'POST', body: ORDER }],
    [
      'another media type where anyone may come',
      415,
      'UNSUPPORTED_MEDIA_TYPE',
      { path: `/v1/orders/${SOME_ID}/publish`, method: 'POST', ...wrongType },
    ],
  ])('answer %s', async (_name, status, code, { path, ...request }) => {
    expectProblem(await to(path, request), status, code);
  });

  it('tell the client where to authenticate', async () => {
    expect((await to('/v1/orders', { method: 'POST', body: ORDER })).headers['www-authenticate']).toBe('Bearer');
  });

  it.each<[string, string, string]>([
    ['broken', '{"a":', 'application/json'],
    ['not JSON at all', 'externalId=1', 'application/json'],
    ['poisoned by __proto__', '{"__proto__":{"admin":true}}', 'application/json'],
    ['poisoned by constructor.prototype', '{"constructor":{"prototype":{"a":1}}}', 'application/json'],
    ['nested without end', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 'application/json'],
    ['text that no store takes', '{"externalId":"a\\u0000b"}', 'application/json'],
  ])('refuse a body that is %s', async (_name, body, type) => {
    expectProblem(await order(body, { 'content-type': type }), 400, 'MALFORMED_REQUEST');
  });

  it('do not mistake an escaped backslash for U+0000', async () => {
    const body = JSON.stringify({ ...ORDER, externalId: 'a\\u0000b' });
    expect(await order(body, { 'content-type': 'application/json' })).toMatchObject({
      status: 201,
      body: { externalId: 'a\\u0000b' },
    });
  });

  it.each([
    ['no body', undefined],
    ['an empty body', ''],
  ])('refuse %s where one is needed', async (_name, body) => {
    const answer = await order(body, body === undefined ? {} : { 'content-type': 'application/json' });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(answer.body).toMatchObject({ detail: 'This call needs a JSON body.' });
  });

  it.each<[string, unknown, string[]]>([
    ['an unknown field', { ...ORDER, colour: 'red' }, ['colour']],
    ['an unknown field within', { ...ORDER, amount: { ...ORDER.amount, micros: 1 } }, ['amount.micros']],
    ['a bad amount', { ...ORDER, amount: { amount: '1.1234567', currency: 'USD' } }, ['amount.amount']],
    ['a bad currency', { ...ORDER, amount: { amount: '1', currency: 'XAU' } }, ['amount.currency']],
    ['nothing paid', { ...ORDER, amount: { amount: '0', currency: 'USD' } }, ['amount.amount']],
    ['a number for an amount', { ...ORDER, amount: 79 }, ['amount']],
    ['several things at once', { externalId: '', amount: ORDER.amount, when: 1 }, ['externalId', 'when']],
    ['an array', [ORDER], ['']],
    ['metadata beyond 4 KiB', { ...ORDER, metadata: { a: 'x'.repeat(4096) } }, ['metadata']],
  ])('name %s', async (_name, body, paths) => {
    const answer = await order(body);
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(pathsOf(answer)).toEqual(paths);
  });

  it.each([
    ['pageSize=0', ['pageSize']],
    ['pageSize=1&pageSize=2', ['pageSize']],
    ['pagesize=1', ['pagesize']],
    ['state=lost', ['state']],
    ['__proto__=1', ['__proto__']],
  ])('name what is wrong in ?%s', async (query, paths) => {
    const answer = await to(`/v1/orders?${query}`, { headers: { authorization: reader } });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(pathsOf(answer)).toEqual(paths);
  });

  it('name a path parameter that is no id', async () => {
    const answer = await to('/v1/orders/7', { headers: { authorization: reader } });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(pathsOf(answer)).toEqual(['id']);
  });

  it('refuse members of a body that nobody reads', async () => {
    const answer = await to(`/v1/orders/${SOME_ID}/publish`, { method: 'POST', body: { force: true } });
    expectProblem(answer, 400, 'VALIDATION_FAILED');
    expect(pathsOf(answer)).toEqual(['force']);
  });

  it('refuse U+0000 in a query and a path', async () => {
    expectProblem(
      await to('/v1/orders?pageToken=%00', { headers: { authorization: reader } }),
      400,
      'MALFORMED_REQUEST',
    );
    expectProblem(await to('/v1/orders/a%00', { headers: { authorization: reader } }), 400, 'MALFORMED_REQUEST');
  });

  it('carry what a use case refused with', async () => {
    expectProblem(await order({ ...ORDER, externalId: 'taken' }), 409, 'PURCHASE_CONFLICT');
    expectProblem(await to(`/v1/orders/${SOME_ID}`, { headers: { authorization: reader } }), 404, 'NOT_FOUND');
  });

  it('say when to come back', async () => {
    const answer = await order({ ...ORDER, externalId: 'busy' });
    expectProblem(answer, 503, 'OVERLOADED');
    expect(answer.headers['retry-after']).toBe('7');
  });

  it('keep a bug to themselves', async () => {
    const answer = await order({ ...ORDER, externalId: 'bug' });
    expectProblem(answer, 500, 'INTERNAL');
    // Trace ids may hold any digits.
    expect(answer.text.replace(/"traceId":"[^"]+"/, '')).not.toMatch(/42|stack|\.ts/);
  });

  it('break an answer off that cannot be finished', async () => {
    await expect(to('/v1/orders/broken-stream')).rejects.toThrow(/aborted|hang up/);
  });

  it('answer what is not HTTP, and headers without end', async () => {
    expect(await callRaw(shop.url, 'HELLO\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*MALFORMED_REQUEST/,
    );
    const endless = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`;
    expect(await callRaw(shop.url, endless)).toMatch(/^HTTP\/1\.1 431 [^]*application\/problem\+json[^]*"status":431/);
  });
});

describe('the order of checks', () => {
  // Each request is wrong in every way from its own check on; only the first may be named.
  const huge = 'x'.repeat(2 * MIB);
  it('asks who calls, may they, how much, what, and only then reads', async () => {
    const send = (headers: Record<string, string>, body: string): Promise<WireAnswer> =>
      to('/v1/orders', { method: 'POST', headers, body });
    const csv = { 'content-type': 'text/csv' };
    const json = { 'content-type': 'application/json' };
    const service = `Bearer ${await serviceToken({ secret: SERVICE_SECRET, service: 'payouts', tenantId: 'tenant-1' })}`;
    expectProblem(await send(csv, huge), 401, 'UNAUTHENTICATED');
    expectProblem(await send({ ...csv, authorization: 'Bearer dd_wrong' }, huge), 401, 'UNAUTHENTICATED');
    expectProblem(await send({ ...csv, authorization: reader }, huge), 403, 'SCOPE_MISSING');
    expectProblem(await send({ ...csv, authorization: service }, huge), 403, 'FORBIDDEN');
    expectProblem(await send({ ...csv, authorization: writer }, huge), 413, 'PAYLOAD_TOO_LARGE');
    expectProblem(await send({ ...csv, authorization: writer }, '{'), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await send({ authorization: writer }, '{'), 415, 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(
      await send({ ...json, authorization: writer, 'content-encoding': 'gzip' }, '{'),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    );
    expectProblem(await send({ ...json, authorization: writer }, '{'), 400, 'MALFORMED_REQUEST');
    expectProblem(await send({ ...json, authorization: writer }, '{}'), 400, 'VALIDATION_FAILED');
    expectProblem(
      await send({ ...json, authorization: writer }, JSON.stringify({ ...ORDER, externalId: 'taken' })),
      409,
      'PURCHASE_CONFLICT',
    );
  });

  it('takes a body of exactly 1 MiB and none larger, also when its length was not told', async () => {
    const padded = (bytes: number): string => JSON.stringify(ORDER).padEnd(bytes, ' ');
    const chunked = { 'content-type': 'application/json', 'content-length': [], 'transfer-encoding': 'chunked' };
    expect((await order(padded(MIB), { 'content-type': 'application/json' })).status).toBe(201);
    expectProblem(await order(padded(MIB + 1), { 'content-type': 'application/json' }), 413, 'PAYLOAD_TOO_LARGE');
    expect((await order(padded(MIB), chunked)).status).toBe(201);
    expectProblem(await order(padded(MIB + 1), chunked), 413, 'PAYLOAD_TOO_LARGE');
  });

  it('does not read the body of a stranger', async () => {
    // The length is a promise that is never kept: an answer shows that nobody waited for it.
    const answer = await callRaw(
      shop.url,
      'POST /v1/orders HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe('the pages for the cluster', () => {
  it('say that the process lives and is ready', async () => {
    expect(await to('/health/live')).toMatchObject({ status: 200, body: { ok: true, failed: [] } });
    expect(await to('/health/ready')).toMatchObject({ status: 200, body: { ok: true, failed: [] } });
  });

  it('name what is not well', async () => {
    const ill = await openShop();
    try {
      ill.lifecycle.readinessCheck('database', () => Promise.reject(new Error('away')));
      const heartbeat = ill.lifecycle.heartbeat('relay');
      heartbeat.fail(new Error('dead'));
      expect(await call(`${ill.url}/health/ready`)).toMatchObject({
        status: 503,
        body: { ok: false, failed: ['database'] },
      });
      expect(await call(`${ill.url}/health/live`)).toMatchObject({
        status: 503,
        body: { ok: false, failed: ['relay'] },
      });
      heartbeat.stop();
    } finally {
      await ill.close();
    }
  });

  it('show the metrics and the document', async () => {
    const metrics = await to('/metrics');
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.text).toMatch(/^# HELP /m);
    expect((await to('/internal/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
  });
});

describe('another error body', () => {
  it('takes the place of the problem where it is asked for', async () => {
    const other = await openShop([OrdersController], {
      errorBody: ({ code, detail }, { url }) =>
        url.startsWith('/v1/orders')
          ? { contentType: 'application/json', body: { error: { code, message: detail } } }
          : undefined,
    });
    try {
      const refused = await call(`${other.url}/v1/orders`, { method: 'POST', body: ORDER });
      expect(refused).toMatchObject({
        status: 401,
        body: { error: { code: 'UNAUTHENTICATED', message: expect.any(String) } },
      });
      expect(refused.headers['content-type']).toMatch(/^application\/json/);
      expectProblem(await call(`${other.url}/else`), 404, 'NOT_FOUND');
    } finally {
      await other.close();
    }
  });
});

describe('boot', () => {
  @Controller('silent')
  class SilentController {
    @Get()
    nobodyKnows(): unknown {
      return {};
    }
  }
  @Controller('closed')
  class ClosedController {
    @Get()
    @Requires({ person: true })
    members(): unknown {
      return {};
    }
  }

  it('stops at a handler that does not say who may call it', async () => {
    await expect(openShop([SilentController])).rejects.toThrow('@Requires is missing: SilentController.nobodyKnows');
  });

  it('stops at a plain route that does not say it either', async () => {
    await expect(openShop([], { plugins: (fastify) => void fastify.get('/plain', () => ({})) })).rejects.toThrow(
      'GET /plain has no policy',
    );
  });

  it('stops when nobody can tell who calls', async () => {
    await expect(openShop([ClosedController], { withoutAuthenticator: true })).rejects.toThrow(
      'AUTHENTICATOR is not provided',
    );
  });
});

describe('the drain', () => {
  it('finishes what it has begun, then closes, and takes no more', async () => {
    const draining = await openShop();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const release = Promise.withResolvers<void>();
    OrdersController.hold = { entered: Promise.withResolvers(), released: release.promise };
    try {
      expect((await call(`${draining.url}/v1/orders/huge`, { agent })).headers.connection).not.toBe('close');
      const slow = call(`${draining.url}/v1/orders/slow`, { agent });
      await OrdersController.hold.entered.promise;
      const stopped = draining.lifecycle.shutdown('test');
      await untilRefused(draining.url);
      release.resolve();
      const answer = await slow;
      expect(answer).toMatchObject({ status: 200, body: { done: true } });
      expect(answer.headers.connection).toBe('close');
      expect(await stopped).toEqual({ ok: true, failed: [] });
    } finally {
      OrdersController.hold = undefined;
      release.resolve();
      agent.destroy();
      await draining.close();
    }
  });

  it('does not wait for connections that say nothing', async () => {
    const draining = await openShop();
    const agent = new Agent({ keepAlive: true });
    await call(`${draining.url}/v1/orders/huge`, { agent });
    const begun = performance.now();
    expect(await draining.lifecycle.shutdown('test')).toEqual({ ok: true, failed: [] });
    expect(performance.now() - begun).toBeLessThan(5_000);
    agent.destroy();
  });
});

/** Knocks until nobody listens any more; a knock at the very moment of closing may be cut off instead. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const refused = await call(`${url}/health/live`, { agent: new Agent() }).then(
      () => false,
      (error: unknown) => String(error).includes('ECONNREFUSED'),
    );
    if (refused) return;
  }
}

function pathsOf({ body }: WireAnswer): string[] {
  if (typeof body !== 'object' || body === null || !('errors' in body) || !Array.isArray(body.errors)) return [];
  return body.errors.map(({ path }: { path: string }) => path).toSorted();
}
