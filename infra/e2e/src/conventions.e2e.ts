import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Problem } from './conventions.js';
import type { Answer } from './answer.js';
import { call, expecting, get, post } from './gateway.js';
import type { Commission, Page } from './wire.js';
import {
  at,
  logIn,
  money,
  newKey,
  newPassword,
  openTenant,
  type Person,
  planOf,
  record,
  registerChain,
  sale,
  type Tenant,
  unique,
} from './world.js';

const MIB = 1_048_576;
const JSON_TYPE = { 'content-type': 'application/json' };

let tenant: Tenant;
let referrer: Person;
let buyer: Person;
let key: string;
let reading: string;

beforeAll(async () => {
  tenant = await openTenant('conventions');
  const chain = await registerChain(tenant, 2);
  [referrer, buyer] = [at(chain, 0), at(chain, 1)];
  key = (await newKey(tenant, 'purchases:write', 'purchases:read', 'events:write')).key;
  reading = (await newKey(tenant, 'purchases:read')).key;
});

describe('an error', () => {
  it('is a problem that says what, why, and by which trace to find it', async () => {
    const { status, mediaType, body } = await get<Problem>(`/v1/purchases/${randomUUID()}`, { as: key });
    expect([status, mediaType]).toEqual([404, 'application/problem+json']);
    expect(body).toEqual({
      type: expect.stringMatching(/./),
      title: expect.stringMatching(/./),
      status: 404,
      detail: expect.stringMatching(/./),
      code: 'PURCHASE_UNKNOWN',
      traceId: expect.stringMatching(/./),
    });
  });

  it('carries a trace in every service', async () => {
    const paths = [
      '/v1/users/me',
      '/v1/referrals/me',
      '/v1/balances/me',
      '/v1/metrics/viral?from=x&to=y',
      '/v1/templates',
    ];
    for (const path of paths) {
      const { status, body } = await get<Problem>(path);
      expect([path, status, typeof body.traceId]).toEqual([path, 401, 'string']);
    }
  });

  it.each(['/', '/v1', '/v1/nothing', '/v2/purchases', '/admin', '/v1/purchasess', '/.env'])(
    'is the answer at %s, which nobody owns',
    async (path) => {
      for (const as of [undefined, key]) expect((await get(path, { as })).status).toBe(404);
    },
  );

  it.each(['/internal/openapi.json', '/health/live', '/health/ready', '/metrics', '/v1/../internal/openapi.json'])(
    'is all there is at %s, which is for the cluster only',
    async (path) => {
      expect((await get(path, { anyBody: true })).status).toBe(404);
    },
  );
});

describe('a request id', () => {
  it('is the client’s own when it sent one, and another one for each request otherwise', async () => {
    const own = `my-request-${randomUUID()}`;
    const answer = await get('/v1/users/me', { as: buyer.token, headers: { 'x-request-id': own } });
    expect(answer.headers['x-request-id']).toBe(own);
    const others = [await get('/v1/users/me', { as: buyer.token }), await get('/v1/users/me', { as: buyer.token })];
    expect(new Set(others.map(({ headers }) => headers['x-request-id'])).size).toBe(2);
  });
});

describe('a body', () => {
  const writes = (path: string): string => (path === '/v1/plans' ? tenant.owner.token : key);
  const targets = [['/v1/purchases'], ['/v1/events'], ['/v1/plans']];

  it.each(targets)('over 1 MiB is too large for %s', async (path) => {
    const raw = `{"text":"${'x'.repeat(MIB)}"}`;
    expect((await post(path, { as: writes(path), raw, headers: JSON_TYPE })).status).toBe(413);
  });

  it.each(targets)('of another media type than JSON is refused by %s', async (path) => {
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await post(path, { as: writes(path), raw: '{}', headers: { 'content-type': type } });
      expect([type, answer.status, answer.body.code]).toEqual([type, 415, 'UNSUPPORTED_MEDIA_TYPE']);
    }
  });

  it.each(targets)('of broken JSON is refused by %s', async (path) => {
    for (const raw of ['{"a":', '{a: 1}', '{} {}', "{'a': 1}", '\u0000', '{"__proto__": {"a": 1}}']) {
      const answer = await post(path, { as: writes(path), raw, headers: JSON_TYPE });
      expect([raw, answer.status, answer.body.code]).toEqual([raw, 400, 'MALFORMED_REQUEST']);
    }
  });

  it.each(targets)('that is no object, or none at all, is refused by %s', async (path) => {
    for (const raw of ['[]', '"text"', '7', 'null', 'true']) {
      const answer = await post(path, { as: writes(path), raw, headers: JSON_TYPE });
      expect([raw, answer.status, answer.body.code]).toEqual([raw, 400, 'VALIDATION_FAILED']);
    }
    expect((await post(path, { as: writes(path) })).status).toBe(400);
  });

  it('may say its character set', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const answer = await post('/v1/purchases', { as: key, raw: JSON.stringify(sale(buyer)), headers });
    expect(answer.status).toBe(201);
  });

  it('just under 1 MiB is read', async () => {
    const json = sale(buyer, { externalId: 'x' });
    const room = MIB - JSON.stringify(json).length;
    const raw = JSON.stringify({ ...json, externalId: `x${'x'.repeat(room)}` });
    expect(Buffer.byteLength(raw)).toBe(MIB);
    const answer = await post<Problem>('/v1/purchases', { as: key, raw, headers: JSON_TYPE });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, 'externalId']);
  });
});

describe('the checks of a request come in one order', () => {
  const tooLarge = 'x'.repeat(MIB + 1);
  const odd = { 'content-type': 'text/plain' };
  const path = '/v1/purchases';

  it('401: who calls, before anything else', async () => {
    for (const as of [undefined, 'dd_nobody', 'not.a.token'])
      expect((await post(path, { as, raw: tooLarge, headers: odd, key: null })).status).toBe(401);
  });

  it('403: whether they may, before the size', async () => {
    expect((await post(path, { as: reading, raw: tooLarge, headers: odd, key: null })).status).toBe(403);
  });

  it('413: the size, before the media type', async () => {
    expect((await post(path, { as: key, raw: tooLarge, headers: odd, key: null })).status).toBe(413);
  });

  it('415: the media type, before what is in it', async () => {
    expect((await post(path, { as: key, raw: '{', headers: odd, key: null })).status).toBe(415);
  });

  it('400: the form, before who is meant', async () => {
    const wrong = sale({ id: randomUUID() }, { amount: money('0') });
    expect((await post(path, { as: key, json: wrong })).status).toBe(400);
    const refund = `${path}/${randomUUID()}/refunds`;
    expect((await post(refund, { as: key, json: { reason: 'regret' } })).status).toBe(400);
  });

  it('404: who is meant, before conflicts', async () => {
    const { externalId } = await record(key, buyer);
    expect((await post(path, { as: key, json: sale({ id: randomUUID() }, { externalId }) })).status).toBe(404);
  });
});

describe('a field that nobody knows', () => {
  const rows: [path: string, as: () => string | undefined, json: () => object][] = [
    ['/v1/auth/login', () => undefined, () => ({ email: buyer.email, password: newPassword() })],
    ['/v1/auth/refresh', () => undefined, () => ({ refreshToken: 'x' })],
    ['/v1/auth/logout', () => undefined, () => ({ refreshToken: 'x' })],
    ['/v1/auth/password-reset', () => undefined, () => ({ email: 'nobody@example.com' })],
    ['/v1/auth/password-reset/confirm', () => undefined, () => ({ token: 'x', password: newPassword() })],
    ['/v1/auth/verify-email', () => undefined, () => ({ token: 'x' })],
    ['/v1/api-keys', () => tenant.owner.token, () => ({ name: 'key', scopes: ['events:write'] })],
    ['/v1/purchases', () => key, () => sale(buyer)],
    [`/v1/purchases/${randomUUID()}/refunds`, () => key, () => ({ externalId: 'x', reason: 'requested' })],
    ['/v1/plans', () => tenant.owner.token, () => planOf('unknown-field')],
    ['/v1/payout-methods', () => buyer.token, () => ({ kind: 'sandbox', details: {} })],
    ['/v1/payouts', () => buyer.token, () => ({ amount: money('1.00'), methodId: randomUUID() })],
    ['/v1/sites', () => buyer.token, () => ({ name: 'Page', templateId: 'x' })],
  ];

  it.each(rows)('is refused by POST %s', async (path, as, json) => {
    const { status, body } = await post<Problem>(path, { as: as(), json: { ...json(), surprise: 1 } });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(body.errors?.length).toBeGreaterThan(0);
  });
});

describe('an Idempotency-Key where it is not needed', () => {
  const replayed = (answer: Answer) => answer.headers['idempotency-replayed'] === 'true';
  const rows: [what: string, path: string, as: () => string | undefined, json: () => object][] = [
    ['an API key', '/v1/api-keys', () => tenant.owner.token, () => ({ name: unique('key'), scopes: ['events:write'] })],
    ['a plan', '/v1/plans', () => tenant.owner.token, () => planOf(unique('plan'))],
    [
      'a registration',
      '/v1/auth/register',
      () => undefined,
      () => ({ email: `${unique('twice')}@example.com`, password: newPassword(), displayName: 'Twice' }),
    ],
  ];

  it.each(rows)('is honoured for %s: the first answer again', async (_what, path, as, json) => {
    const options = { as: as(), key: randomUUID(), json: json(), ...(as() === undefined ? { host: tenant.host } : {}) };
    const first = await post(path, options);
    const again = await post(path, options);
    expect([first.status, replayed(first)]).toEqual([201, false]);
    expect([again.status, again.body, replayed(again)]).toEqual([201, first.body, true]);
  });

  it('may be left out', async () => {
    const json = { name: unique('key'), scopes: ['events:write'] };
    expect((await post('/v1/api-keys', { as: tenant.owner.token, key: null, json })).status).toBe(201);
  });
});

describe('a list', () => {
  const lists: [path: string, as: () => string][] = [
    ['/v1/users/me/sessions', () => buyer.token],
    ['/v1/api-keys', () => tenant.owner.token],
    ['/v1/plans', () => tenant.owner.token],
    ['/v1/commissions', () => referrer.token],
    ['/v1/payout-methods', () => buyer.token],
    ['/v1/payouts', () => buyer.token],
  ];

  it.each(lists)('%s keeps its page sizes', async (path, as) => {
    for (const pageSize of ['1', '200'])
      expect((await get(`${path}?pageSize=${pageSize}`, { as: as() })).status).toBe(200);
    for (const pageSize of ['0', '201', '-1', '1.5', '1e2', 'all', '', '0x10', '99999999999999999999'])
      expect([pageSize, (await get(`${path}?pageSize=${pageSize}`, { as: as() })).status]).toEqual([pageSize, 400]);
  });

  it.each(lists)('%s refuses a token that it never gave', async (path, as) => {
    const foreign = Buffer.from('{"offset":7}').toString('base64url');
    for (const token of ['nonsense', '', foreign, `${'x'.repeat(3_000)}`]) {
      const { status, body } = await get<Problem>(`${path}?pageToken=${token}`, { as: as() });
      expect([token, status, body.code]).toEqual([token, 400, 'VALIDATION_FAILED']);
    }
  });

  it('goes on where it was, whatever is added meanwhile', async () => {
    const before = await Promise.all(Array.from({ length: 5 }, () => record(key, buyer)));
    const page = async (pageToken?: string) => {
      const query = new URLSearchParams({ pageSize: '2', ...(pageToken === undefined ? {} : { pageToken }) });
      return expecting(200, await get<Page<Commission>>(`/v1/commissions?${query.toString()}`, { as: referrer.token }));
    };
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const { items, nextPageToken } = await page(next);
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map(({ purchaseId }) => purchaseId));
      next = nextPageToken;
      if (seen.length < 4) await record(key, buyer);
    } while (next !== undefined);
    expect(new Set(seen).size).toBe(seen.length);
    expect(new Set(seen)).toEqual(new Set([...new Set(seen), ...before.map(({ id }) => id)]));
    const fresh = expecting(200, await get<Page<Commission>>('/v1/commissions?pageSize=200', { as: referrer.token }));
    const older = fresh.items.slice(fresh.items.findIndex(({ purchaseId }) => purchaseId === seen[0]));
    expect(older.map(({ purchaseId }) => purchaseId)).toEqual(seen);
  });

  it('has no token on its last page', async () => {
    const { body } = await get<Page<unknown>>('/v1/commissions?pageSize=200', { as: referrer.token });
    expect(body.nextPageToken).toBeUndefined();
  });
});

describe('a method that a path does not know', () => {
  it.each([
    ['PUT', '/v1/purchases'],
    ['DELETE', '/v1/commissions'],
    ['POST', '/v1/balances/me'],
  ] as const)('%s %s is refused', async (method, path) => {
    const { tokens } = await logIn(tenant.owner, tenant.host);
    const answer = await call(method, path, { as: tokens.accessToken });
    expect([404, 405]).toContain(answer.status);
  });
});
