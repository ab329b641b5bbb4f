import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient } from '@dailydoco/grpc';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { eventually } from '@dailydoco/testing';
import { asUserId, type TenantId, type UserId } from '../src/ids.js';
import { BROWSER, type Edges, SECRET, startEdges } from './edges.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;
const client = () =>
  createGrpcClient(ReferralServiceService, { address: edges.grpcAddress, service: 'identity', serviceSecret: SECRET });
let grpc: ReturnType<typeof client>;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  grpc = client();
});

afterAll(async () => {
  grpc.close();
  await edges.stop();
  await engine.stop();
});

const clicksOf = async (tenantId: TenantId) =>
  (
    await engine.pool.query<{ visitor_id: string; code: string; referrer_id: string }>(
      'SELECT visitor_id, code, referrer_id FROM click WHERE tenant_id = $1 ORDER BY clicked_at, id',
      [tenantId],
    )
  ).rows;

/** Follows a link as a browser does, without going where it leads. */
async function follow(code: string, { cookie, method = 'GET', ...headers }: Record<string, string> = {}) {
  const response = await fetch(`${edges.url}/r/${code}`, {
    method,
    redirect: 'manual',
    headers: { 'user-agent': BROWSER, ...headers, ...(cookie !== undefined && { cookie }) },
  });
  const [set] = response.headers.getSetCookie();
  return {
    status: response.status,
    location: response.headers.get('location')?.replace(/\?ddcid=[\w-]{44}$/, ''),
    cookie: set,
    visitorId: set?.match(/^dd_visitor=([^;]+)/)?.[1],
  };
}

describe('following a referral link', () => {
  it('leads to the landing page, records the click and remembers the visitor', async () => {
    const { tenantId, people } = await edges.tenant();
    const code = await engine.codeOf(tenantId, people[1]!);
    const answer = await follow(code.toLowerCase());
    expect(answer).toMatchObject({ status: 302, location: 'http://127.0.0.1:8000/docs' });
    expect(answer.cookie).toMatch(/Max-Age=7776000; Path=\/; HttpOnly; SameSite=Lax$/);
    await eventually(async () =>
      expect(await clicksOf(tenantId)).toEqual([{ visitor_id: answer.visitorId, code, referrer_id: people[1] }]),
    );
  });

  it('keeps the visitor that the browser has, and gives a new one for a cookie that is none', async () => {
    const { tenantId, people } = await edges.tenant();
    const code = await engine.codeOf(tenantId, people[0]!);
    const first = await follow(code);
    const again = await follow(code, { cookie: `dd_visitor=${first.visitorId}` });
    expect(again.visitorId).toBe(first.visitorId);
    const among = `a=b;dd_visitor=${first.visitorId}; dd_visitor=${engine.newId()}`;
    expect((await follow(code, { cookie: among })).visitorId).toBe(first.visitorId);
    expect((await follow(code, { cookie: `xdd_visitor=${first.visitorId}` })).visitorId).not.toBe(first.visitorId);
    const odd = await follow(code, { cookie: 'dd_visitor=<script>' });
    expect(odd.visitorId).not.toContain('<');
    await eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(5));
  });

  it.each(['ZZZZZZZZ', 'nobody', '%00', "'; DROP TABLE click; --", 'x'.repeat(200)])(
    'leads to the landing page for the unknown code %p, and records nothing',
    async (code) => {
      const before = await engine.pool.query('SELECT count(*) FROM click');
      expect(await follow(encodeURIComponent(code))).toMatchObject({
        status: 302,
        location: 'http://127.0.0.1:8000/docs',
        cookie: undefined,
      });
      expect((await engine.pool.query('SELECT count(*) FROM click')).rows).toEqual(before.rows);
    },
  );

  it('counts neither a HEAD nor a prefetch', async () => {
    const { tenantId, people } = await edges.tenant();
    const code = await engine.codeOf(tenantId, people[0]!);
    expect(await follow(code, { method: 'HEAD' })).toMatchObject({ status: 302, cookie: undefined });
    expect(await follow(code, { 'sec-purpose': 'prefetch' })).toMatchObject({ status: 302, cookie: undefined });
    const real = await follow(code);
    await eventually(async () =>
      expect((await clicksOf(tenantId)).map(({ visitor_id }) => visitor_id)).toEqual([real.visitorId]),
    );
  });
});

describe('GET /v1/referrals/me', () => {
  it('tells code, link, referrer, and how many stand on which level', async () => {
    const { tenantId, people } = await edges.tenant(8);
    const top = people[8]!;
    await engine.join(tenantId, top);
    const { status, body } = await edges.call('GET', '/v1/referrals/me', { as: await edges.person(tenantId, top) });
    const code = await engine.codeOf(tenantId, top);
    expect(status).toBe(200);
    expect(body).toEqual({
      code,
      link: `http://127.0.0.1:8000/r/${code}`,
      directCount: 2,
      networkSize: 9,
      byLevel: [2, 1, 1, 1, 1, 1, 1, 1].map((count, index) => ({ level: index + 1, count })),
    });
    const middle = await edges.call('GET', '/v1/referrals/me', { as: await edges.person(tenantId, people[1]!) });
    expect(middle.body).toMatchObject({ referredBy: people[2], directCount: 1, networkSize: 1 });
    expect(middle.body.byLevel).toHaveLength(7);
  });

  it('learns of a person from identity when no event has told yet, and knows nobody else', async () => {
    const tenantId = engine.newTenant();
    const userId = asUserId(engine.newId());
    edges.neighbours.findUser = (asked: UserId) =>
      Promise.resolve(
        asked === userId
          ? {
              tenantId,
              userId,
              status: 'active' as const,
              referralCode: undefined,
              visitorId: undefined,
              registeredAt: engine.clock.now(),
            }
          : undefined,
      );
    const known = await edges.call('GET', '/v1/referrals/me', { as: await edges.person(tenantId, userId) });
    expect(known.status).toBe(200);
    expect(known.body.code).toMatch(/^[2-9A-Z]{8}$/);
    const stranger = await edges.person(tenantId, asUserId(engine.newId()));
    expect(await edges.call('GET', '/v1/referrals/me', { as: stranger })).toMatchObject({
      status: 404,
      body: { code: 'USER_UNKNOWN' },
    });
  });

  it('is for persons', async () => {
    const { key } = await edges.tenant();
    expect((await edges.call('GET', '/v1/referrals/me')).status).toBe(401);
    expect((await edges.call('GET', '/v1/referrals/me', { as: key })).status).toBe(403);
  });
});

describe('ReferralService', () => {
  it('says who would be the referrer: the code’s owner, else the first click of the visitor', async () => {
    const { tenantId, people } = await edges.tenant();
    const [byCode, byClick] = [people[0]!, people[1]!];
    const referralCode = await engine.codeOf(tenantId, byCode);
    // The click is asked about at once, while it may still be on its way into the database.
    const { visitorId = '' } = await follow(await engine.codeOf(tenantId, byClick));
    const check = (request: { referralCode: string; visitorId: string }) => grpc.checkReferral(request, { tenantId });
    expect(await check({ referralCode: '', visitorId })).toEqual({ applies: true, referrerId: byClick });
    expect(await check({ referralCode, visitorId })).toEqual({ applies: true, referrerId: byCode });
    expect(await check({ referralCode: ` ${referralCode.toLowerCase()}`, visitorId: '' })).toMatchObject({
      applies: true,
    });
    const nobody = { applies: false, referrerId: '' };
    expect(await check({ referralCode: 'NOBODYS2', visitorId: '' })).toEqual(nobody);
    expect(await check({ referralCode: '', visitorId: 'no uuid' })).toEqual(nobody);
    expect(await grpc.checkReferral({ referralCode, visitorId }, { tenantId: engine.newTenant() })).toEqual(nobody);
  });

  it('tells a user’s code to services of the same tenant only', async () => {
    const { tenantId, people } = await edges.tenant();
    edges.neighbours.findUser = () => Promise.resolve(undefined);
    const code = await engine.codeOf(tenantId, people[0]!);
    expect(await grpc.getReferralCode({ userId: people[0]! }, { tenantId })).toEqual({ referralCode: code });
    const unknown = { reason: 'USER_UNKNOWN' };
    await expect(grpc.getReferralCode({ userId: people[0]! }, { tenantId: engine.newTenant() })).rejects.toMatchObject(
      unknown,
    );
    await expect(grpc.getReferralCode({ userId: 'nobody' }, { tenantId })).rejects.toMatchObject(unknown);
  });
});
