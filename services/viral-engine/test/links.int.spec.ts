import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient } from '@dailydoco/grpc';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { eventually } from '@dailydoco/testing';
import { destroyIdentities } from '../src/clicks/click-salts.store.js';
import { asUserId, type TenantId, type UserId } from '../src/ids.js';
import { registerMember } from '../src/members/register-member.js';
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

const DOCS = 'http://127.0.0.1:8000/docs';

/** A tenant with two members, who are signed in, and an administrator. */
async function people() {
  const { tenantId, people: members } = await edges.tenant(1);
  const [ada, ben] = [members[0]!, members[1]!];
  const [asAda, asBen] = [await edges.person(tenantId, ada), await edges.person(tenantId, ben)];
  const asAdmin = await edges.person(tenantId, asUserId(engine.newId()), ['admin']);
  return { tenantId, ada, ben, asAda, asBen, asAdmin };
}

async function make(as: string, body: object = {}) {
  const answer = await edges.call('POST', '/v1/links', { as, body: { name: 'A link', ...body } });
  expect([answer.status, answer.body.code]).toEqual([201, expect.stringMatching(/^[A-Z0-9-]+$/)]);
  return answer.body;
}

interface Browser {
  readonly address?: string;
  readonly userAgent?: string;
  readonly cookie?: string;
}

async function follow(code: string, { address = '203.0.113.1', userAgent = BROWSER, cookie }: Browser = {}) {
  const response = await fetch(`${edges.url}/r/${code}`, {
    redirect: 'manual',
    headers: {
      'user-agent': userAgent,
      'x-forwarded-for': address,
      ...(cookie !== undefined && { cookie: `dd_visitor=${cookie}` }),
    },
  });
  const visitorId = response.headers.getSetCookie()[0]?.match(/^dd_visitor=([^;]+)/)?.[1];
  // The signed click id is another each time.
  const location = response.headers.get('location')?.replace(/[?&]ddcid=[\w-]{44}/, '');
  return { status: response.status, location, visitorId };
}

const read = async (as: string, id: string) => (await edges.call('GET', `/v1/links/${id}`, { as })).body;
const clicksOf = async (tenantId: TenantId) =>
  (
    await engine.pool.query<{ code: string; referrer_id: string; link_id: string; campaign: string; counted: boolean }>(
      'SELECT code, referrer_id, link_id, campaign, counted FROM click WHERE tenant_id = $1 ORDER BY id',
      [tenantId],
    )
  ).rows;

async function register(tenantId: TenantId, by: { referralCode?: string; visitorId?: string | undefined }) {
  const userId = asUserId(engine.newId());
  const now = engine.clock.now();
  const { referralCode, visitorId } = by;
  await engine.withMembers((book) =>
    registerMember(
      book,
      { tenantId, userId, status: 'active', referralCode, visitorId, registeredAt: now },
      { now, randomBytes: engine.tools.randomBytes },
    ),
  );
  const member = await engine.withMembers((book) => book.findMember(tenantId, userId));
  return { userId, referrer: member?.upline[0] as UserId | undefined };
}

describe('A link', () => {
  it('is its owner’s own, with a code, UTM values and sub-ids, and leads to an allowed page with them', async () => {
    const { tenantId, ada, asAda, asBen, asAdmin } = await people();
    const origins = ['https://shop.example'];
    const allowed = await edges.call('PUT', '/v1/landing-origins', { as: asAdmin, body: { origins } });
    expect(allowed.body).toEqual({ origins: ['http://127.0.0.1:8000', 'https://shop.example'] });
    const terms = {
      name: 'Spring mail',
      campaign: 'spring',
      landingUrl: 'https://shop.example/sale?x=1',
      utm: { source: 'mail', campaign: 'spring' },
      subIds: ['a', 'b'],
    };
    const link = await make(asAda, terms);
    expect(link).toEqual({
      ...terms,
      id: expect.any(String),
      ownerId: ada,
      code: link.code,
      url: `http://127.0.0.1:8000/r/${link.code}`,
      codes: [link.code],
      createdAt: engine.clock.now().toISOString(),
      clicks: 0,
      uniqueClicks: 0,
      registrations: 0,
    });
    expect(await read(asAda, link.id)).toEqual(link);
    expect((await follow(link.code)).location).toBe(
      'https://shop.example/sale?x=1&utm_source=mail&utm_campaign=spring&sub1=a&sub2=b',
    );
    expect((await follow(`${link.code}?sub1=mine&sub3=c&utm_source=x&evil=1`)).location).toBe(
      'https://shop.example/sale?x=1&utm_source=mail&utm_campaign=spring&sub1=a&sub2=b&sub3=c',
    );
    await eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(2));
    const [click] = await clicksOf(tenantId);
    expect(click).toEqual({ code: link.code, referrer_id: ada, link_id: link.id, campaign: 'spring', counted: true });
    expect((await edges.call('GET', `/v1/links/${link.id}`, { as: asBen })).status).toBe(404);
    expect((await edges.call('POST', `/v1/links/${link.id}/archive`, { as: asBen })).status).toBe(404);
    expect((await edges.call('POST', `/v1/links/${link.id}/codes`, { as: asBen, body: {} })).status).toBe(404);
    expect((await edges.call('GET', '/v1/links', { as: asBen })).body).toEqual({ items: [] });
  });

  it('is listed newest first, page by page, by campaign', async () => {
    const { asAda } = await people();
    const ids: string[] = [];
    for (const campaign of ['a', 'b', 'a', 'a']) ids.unshift((await make(asAda, { campaign })).id);
    const first = (await edges.call('GET', '/v1/links?pageSize=3', { as: asAda })).body;
    expect(first.items.map(({ id }: { id: string }) => id)).toEqual(ids.slice(0, 3));
    const rest = await edges.call('GET', `/v1/links?pageSize=3&pageToken=${first.nextPageToken}`, { as: asAda });
    expect(rest.body).toEqual({ items: [expect.objectContaining({ id: ids[3] })] });
    const byCampaign = (await edges.call('GET', '/v1/links?campaign=b', { as: asAda })).body;
    expect(byCampaign.items.map(({ id }: { id: string }) => id)).toEqual([ids[2]]);
  });

  it('is made once under one key, also when 8 ask at the same time for the same code', async () => {
    const { asAda } = await people();
    const body = { name: 'Mine', code: `once-${engine.newId().slice(-8)}` };
    const same = await Promise.all(
      [1, 2].map(() => edges.call('POST', '/v1/links', { as: asAda, body, key: body.code })),
    );
    expect(same.map(({ status }) => status)).toEqual([201, 201]);
    expect(same[0]!.body.id).toBe(same[1]!.body.id);
    const code = `race-${engine.newId().slice(-8)}`;
    const racing = await Promise.all(
      Array.from({ length: 8 }, () => edges.call('POST', '/v1/links', { as: asAda, body: { name: 'Racing', code } })),
    );
    expect(racing.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201,
      ...Array.from({ length: 7 }, () => 409),
    ]);
    expect(racing.find(({ status }) => status === 409)!.body.code).toBe('CODE_TAKEN');
    expect((await edges.call('GET', '/v1/links', { as: asAda })).body.items).toHaveLength(2);
  });

  it.each<[string, object]>([
    ['landingUrl', { landingUrl: 'https://evil.example/' }],
    ['landingUrl', { landingUrl: 'http://127.0.0.1:8000@evil.example/' }],
    ['landingUrl', { landingUrl: '//evil.example' }],
    ['landingUrl', { landingUrl: 'javascript:alert(1)' }],
    ['landingUrl', { landingUrl: `http://127.0.0.1:8000/${'x'.repeat(2_000)}` }],
    ['name', { name: '' }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\u0007b' }],
    ['campaign', { campaign: '' }],
    ['utm.source', { utm: { source: 'x'.repeat(101) } }],
    ['utm.sauce', { utm: { sauce: 'x' } }],
    ['subIds', { subIds: ['1', '2', '3', '4', '5', '6'] }],
    ['subIds.1', { subIds: ['1', ''] }],
    ['code', { code: 'ab' }],
    ['code', { code: '-abc' }],
    ['code', { code: 'a b c' }],
    ['code', { code: 'x'.repeat(33) }],
  ])('with a wrong %s (%j) is refused there, and nothing is written', async (path, body) => {
    const { asAda } = await people();
    const answer = await edges.call('POST', '/v1/links', { as: asAda, body: { name: 'A link', ...body } });
    expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, path]);
    expect((await edges.call('GET', '/v1/links', { as: asAda })).body.items).toEqual([]);
  });

  it('takes no code that anybody has or had, in any spelling', async () => {
    const { tenantId, ben, asAda, asBen } = await people();
    const own = (await engine.codeOf(tenantId, ben)).toLowerCase();
    const link = await make(asBen, { code: `Was-${engine.newId().slice(-8)}` });
    await edges.call('POST', `/v1/links/${link.id}/codes`, { as: asBen, body: {} });
    for (const code of [own, link.code.toLowerCase()]) {
      const answer = await edges.call('POST', '/v1/links', { as: asAda, body: { name: 'Theirs', code } });
      expect([answer.status, answer.body.code]).toEqual([409, 'CODE_TAKEN']);
    }
  });

  it('leads to the landing page of the installation when its page is allowed no more', async () => {
    const { asAda, asAdmin } = await people();
    const allow = (origins: string[]) => edges.call('PUT', '/v1/landing-origins', { as: asAdmin, body: { origins } });
    await allow(['https://shop.example']);
    const link = await make(asAda, { landingUrl: 'https://shop.example/', subIds: ['s'] });
    await allow([]);
    expect((await follow(link.code)).location).toBe(`${DOCS}?sub1=s`);
  });

  it.each(['http://shop.example', 'https://shop.example/', 'https://shop.example/path', 'shop.example', '*'])(
    'may not be allowed to lead to %j',
    async (origin) => {
      const { asAdmin } = await people();
      const body = { origins: ['https://ok.example', origin] };
      const answer = await edges.call('PUT', '/v1/landing-origins', { as: asAdmin, body });
      expect([answer.status, answer.body.errors?.[0]?.path]).toEqual([400, 'origins.1']);
      const now = await edges.call('GET', '/v1/landing-origins', { as: asAdmin });
      expect(now.body).toEqual({ origins: ['http://127.0.0.1:8000'] });
    },
  );
});

describe('An old link', () => {
  it('leads on after another code is shown, after it is archived, and after its owner changed', async () => {
    const { tenantId, ada, ben, asAda, asBen, asAdmin } = await people();
    const link = await make(asAda, { campaign: 'old' });
    engine.clock.advance(1);
    const chosen = `New-${engine.newId().slice(-8)}`;
    const renamed = await edges.call('POST', `/v1/links/${link.id}/codes`, { as: asAda, body: { code: chosen } });
    expect(renamed.body).toMatchObject({ code: chosen.toUpperCase(), codes: [link.code, chosen.toUpperCase()] });
    const back = await edges.call('POST', `/v1/links/${link.id}/codes`, { as: asAda, body: { code: link.code } });
    expect(back.body).toMatchObject({ code: link.code, codes: [link.code, chosen.toUpperCase()] });
    const archived = await edges.call('POST', `/v1/links/${link.id}/archive`, { as: asAda });
    expect(archived.body.archivedAt).toBe(engine.clock.now().toISOString());
    const give = (as: string, body: object) => edges.call('PUT', `/v1/links/${link.id}/owner`, { as, body });
    expect((await give(asAda, { ownerId: ben, reason: 'a gift' })).status).toBe(403);
    const stranger = engine.newId();
    expect(await give(asAdmin, { ownerId: stranger, reason: 'x' })).toMatchObject({
      status: 404,
      body: { code: 'USER_UNKNOWN' },
    });
    expect((await give(asAdmin, { ownerId: ben, reason: ' ' })).body.errors[0].path).toBe('reason');
    expect((await give(asAdmin, { ownerId: ben, reason: 'left the company' })).body.ownerId).toBe(ben);
    expect((await edges.call('GET', `/v1/links/${link.id}`, { as: asAda })).status).toBe(404);
    const { rows } = await engine.pool.query(
      'SELECT from_owner_id, to_owner_id, reason FROM link_owner_change WHERE tenant_id = $1',
      [tenantId],
    );
    expect(rows).toEqual([{ from_owner_id: ada, to_owner_id: ben, reason: 'left the company' }]);
    for (const code of [link.code, chosen]) {
      expect(await follow(code)).toMatchObject({ status: 302, visitorId: expect.any(String) });
      expect((await register(tenantId, { referralCode: code })).referrer).toBe(ben);
    }
    await eventually(async () =>
      expect((await clicksOf(tenantId)).map(({ referrer_id }) => referrer_id)).toEqual([ben, ben]),
    );
    expect(await read(asBen, link.id)).toMatchObject({ clicks: 1, uniqueClicks: 1, registrations: 2 });
  });

  it('has at most 20 codes', async () => {
    const { asAda } = await people();
    const link = await make(asAda);
    const statuses: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      statuses.push((await edges.call('POST', `/v1/links/${link.id}/codes`, { as: asAda, body: {} })).status);
    }
    expect(statuses).toEqual([...Array.from({ length: 19 }, () => 200), 422]);
  });
});

describe('A registration', () => {
  it('by a link’s click or code has the link’s owner as referrer, and is counted there once', async () => {
    const { tenantId, ada, asAda } = await people();
    const link = await make(asAda, { campaign: 'c' });
    const { visitorId } = await follow(link.code);
    const check = (request: { referralCode: string; visitorId: string }) => grpc.checkReferral(request, { tenantId });
    const applies = { applies: true, referrerId: ada };
    expect(await check({ referralCode: '', visitorId: visitorId ?? '' })).toEqual(applies);
    expect(await check({ referralCode: ` ${link.code.toLowerCase()}`, visitorId: '' })).toEqual(applies);
    const byClick = await register(tenantId, { visitorId });
    const byCode = await register(tenantId, { referralCode: link.code });
    const byNothing = await register(tenantId, { referralCode: 'NOBODYS2' });
    expect([byClick.referrer, byCode.referrer, byNothing.referrer]).toEqual([ada, ada, undefined]);
    const { rows } = await engine.pool.query(
      `SELECT user_id, decided_by, link_id, campaign, code, click_id IS NULL AS without_click FROM registration_source
       WHERE tenant_id = $1 AND user_id = ANY ($2) ORDER BY user_id`,
      [tenantId, [byClick.userId, byCode.userId, byNothing.userId]],
    );
    const by = { link_id: link.id, campaign: 'c', code: link.code };
    expect(rows).toEqual([
      { user_id: byClick.userId, decided_by: 'click', without_click: false, ...by },
      { user_id: byCode.userId, decided_by: 'code', without_click: true, ...by },
    ]);
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 1, uniqueClicks: 1, registrations: 2 });
  });
});

describe('What led to a registration', () => {
  it('is kept first and last, and decides nothing: a code wins, else the first click', async () => {
    const { tenantId, ada, ben, asAda, asBen } = await people();
    const [first, last] = [await make(asAda, { campaign: 'one' }), await make(asBen, { campaign: 'two' })];
    const { visitorId: cookie = '' } = await follow(first.code);
    engine.clock.advance(1_000);
    await follow(await engine.codeOf(tenantId, ada), { cookie });
    engine.clock.advance(1_000);
    await follow(last.code, { cookie });
    await eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(3));
    const byClicks = await register(tenantId, { visitorId: cookie });
    const byCode = await register(tenantId, { visitorId: cookie, referralCode: last.code });
    expect([byClicks.referrer, byCode.referrer]).toEqual([ada, ben]);
    const { rows } = await engine.pool.query(
      `SELECT user_id, touch, link_id, campaign, owner_id, click_id IS NULL AS told FROM registration_touch
       WHERE tenant_id = $1 AND user_id = ANY ($2) ORDER BY user_id, touch`,
      [tenantId, [byClicks.userId, byCode.userId]],
    );
    const one = { touch: 'first', link_id: first.id, campaign: 'one', owner_id: ada, told: false };
    const two = { touch: 'last', link_id: last.id, campaign: 'two', owner_id: ben };
    expect(rows).toEqual([
      { user_id: byClicks.userId, ...one },
      { user_id: byClicks.userId, ...two, told: false },
      { user_id: byCode.userId, ...one },
      { user_id: byCode.userId, ...two, told: true },
    ]);
  });
});

describe('Clicks', () => {
  it('count once per identity and hour, once per identity and day as unique, and bring in every visitor all the same', async () => {
    const { tenantId, ada, asAda } = await people();
    const link = await make(asAda);
    const settled = async (all: number) => eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(all));
    const visitors = await Promise.all([1, 2, 3].map(() => follow(link.code)));
    await settled(3);
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 1, uniqueClicks: 1 });
    await follow(link.code, { address: '203.0.113.2' });
    await follow(link.code, { userAgent: `${BROWSER} Edg/140.0` });
    await settled(5);
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 3, uniqueClicks: 3 });
    engine.clock.advance(3_600_000);
    await follow(link.code);
    await settled(6);
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 4, uniqueClicks: 3 });
    engine.clock.advance(86_400_000);
    await follow(link.code);
    await settled(7);
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 5, uniqueClicks: 4 });
    for (const { visitorId } of visitors) expect((await register(tenantId, { visitorId })).referrer).toBe(ada);
  });

  it('of machines are sent on and neither recorded nor remembered', async () => {
    const { tenantId, asAda } = await people();
    const link = await make(asAda, { subIds: ['s'] });
    const bot = await follow(link.code, { userAgent: 'Mozilla/5.0 (compatible; Googlebot/2.1)' });
    expect(bot).toEqual({ status: 302, location: `${DOCS}?sub1=s`, visitorId: undefined });
    await follow(link.code);
    await eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(1));
  });

  it('leave no address behind, and lose salt and identity after the day and its hour of grace', async () => {
    const { tenantId, asAda } = await people();
    const link = await make(asAda);
    const address = '198.51.100.77';
    await follow(link.code, { address });
    await eventually(async () => expect(await clicksOf(tenantId)).toHaveLength(1));
    const { rows: tables } = await engine.pool.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE '%click%'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(4);
    for (const { name } of tables) {
      const { rows } = await engine.pool.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      expect(rows.filter(({ text }) => text.includes(address) || text.includes('Mozilla'))).toEqual([]);
    }
    const left = async () =>
      (
        await engine.pool.query<{ salts: number; identities: number }>(
          `SELECT (SELECT count(*) FROM click_salt WHERE tenant_id = $1)::integer AS salts,
                  (SELECT count(*) FROM click_identity WHERE tenant_id = $1)::integer AS identities`,
          [tenantId],
        )
      ).rows[0];
    const day = engine.clock.now().toISOString().slice(0, 10);
    await destroyIdentities(engine.pool, { before: day, limit: 1_000 });
    expect(await left()).toEqual({ salts: 1, identities: 2 });
    const next = new Date(engine.clock.now().getTime() + 86_400_000).toISOString().slice(0, 10);
    expect(await destroyIdentities(engine.pool, { before: next, limit: 1 })).toBe(true);
    await destroyIdentities(engine.pool, { before: next, limit: 1_000 });
    expect(await left()).toEqual({ salts: 0, identities: 0 });
    expect(await read(asAda, link.id)).toMatchObject({ clicks: 1, uniqueClicks: 1 });
  });
});
