import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { fleet } from './fleet.js';
import type { Answer } from './answer.js';
import { expecting, get, post } from './gateway.js';
import { METRICS_WITHIN_MS, soon } from './waiting.js';
import type { Page, Site } from './wire.js';
import { openTenant, type Person, publishSite, referralsOf, register, type Tenant, unique } from './world.js';

let tenant: Tenant;
let person: Person;
let templateIds: string[];

beforeAll(async () => {
  tenant = await openTenant('sites');
  person = await register(tenant);
  const { items } = expecting(200, await get<Page<{ id: string }>>('/v1/templates', { as: person.token }));
  templateIds = items.map(({ id }) => id);
});

const make = (json: object, key = randomUUID()) => post<Site>('/v1/sites', { as: person.token, key, json });
const aSite = (other: object = {}) => ({ name: 'My page', templateId: templateIds[0], slug: unique('page'), ...other });
const publish = (id: string, options: object = {}) =>
  post<{ url: string; version: number; durationMs: number }>(`/v1/sites/${id}/publish`, {
    as: person.token,
    ...options,
  });
/** The path of a published page's address. */
const pathOf = (url: string): string => new URL(url, fleet.gatewayUrl).pathname;
const linksIn = (html: string, attribute: 'href' | 'src') =>
  [...html.matchAll(new RegExp(`\\s${attribute}="([^"]+)"`, 'g'))].map(([, link = '']) => link);

describe('templates', () => {
  it('are at least three, with names', async () => {
    const { items } = expecting(200, await get<Page<{ name: string }>>('/v1/templates', { as: person.token }));
    expect(items.length).toBeGreaterThanOrEqual(3);
    expect(new Set(items.map(({ name }) => name)).size).toBe(items.length);
  });

  it('publish one like the other', async () => {
    for (const templateId of templateIds) {
      const site = expecting(201, await make(aSite({ templateId })));
      const { url } = expecting(200, await publish(site.id));
      const page = await get(pathOf(url));
      expect([templateId, page.status, page.mediaType]).toEqual([templateId, 200, 'text/html']);
      expect(page.text).toContain('My page');
    }
  });
});

describe('a site', () => {
  it('is made under a slug, or gets one', async () => {
    const slug = unique('chosen');
    expect(expecting(201, await make(aSite({ slug })))).toMatchObject({ name: 'My page', slug });
    const without = expecting(201, await make(aSite({ slug: undefined })));
    expect(without.slug).toMatch(/^[a-z0-9-]+$/);
  });

  it('has its slug alone in the whole installation', async () => {
    const slug = unique('taken');
    expecting(201, await make(aSite({ slug })));
    const other = await openTenant('sites-too');
    const attempts = [
      await make(aSite({ slug })),
      await post('/v1/sites', { as: other.owner.token, json: aSite({ slug }) }),
    ];
    for (const { status, body } of attempts) expect([status, body]).toMatchObject([409, { code: 'SLUG_TAKEN' }]);
  });

  it('is one of five with the same slug at once', async () => {
    const body = aSite();
    const statuses = (await Promise.all([1, 2, 3, 4, 5].map(() => make(body)))).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409]);
  });

  it('is made once under one Idempotency-Key', async () => {
    const [key, body] = [randomUUID(), aSite()];
    const [first, again] = [await make(body, key), await make(body, key)];
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([201, first.body, 'true']);
    expect((await make({ ...body, name: 'Another page' }, key)).status).toBe(422);
  });

  it.each<[string, object]>([
    ['no name', { name: '' }],
    ['a name of 101 characters', { name: 'n'.repeat(101) }],
    ['no template', { templateId: undefined }],
    ['a slug with a slash', { slug: 'a/b/c' }],
    ['a slug that climbs', { slug: '../../etc' }],
    ['a slug in capitals', { slug: 'My-Page' }],
    ['a field that nobody knows', { ownerId: randomUUID() }],
  ])('is refused with %s', async (_what, wrong) => {
    expect((await make(aSite(wrong))).status).toBe(400);
  });

  it('of somebody else is not found, also in the same tenant', async () => {
    const site = await publishSite(tenant.owner);
    expect((await publish(site.id)).status).toBe(404);
    expect((await post(`/v1/sites/${site.id}/write-keys`, { as: person.token })).status).toBe(404);
    expect((await publish(randomUUID())).status).toBe(404);
    expect((await publish('my-site')).status).toBe(400);
  });
});

describe('publishing', () => {
  it('gives an address and a version, the next one each time', async () => {
    const site = expecting(201, await make(aSite()));
    expect((await get(`/sites/${site.slug}/`)).status).toBe(404);
    const first = expecting(200, await publish(site.id));
    expect(pathOf(first.url)).toBe(`/sites/${site.slug}/`);
    expect(first.durationMs).toBeGreaterThanOrEqual(0);
    const second = expecting(200, await publish(site.id));
    expect([first.version, second.version]).toEqual([1, 2]);
  });

  it('takes no body', async () => {
    const site = expecting(201, await make(aSite()));
    expect((await publish(site.id, { json: { version: 7 } })).status).toBe(400);
  });

  it('five times at once makes five versions', async () => {
    const site = expecting(201, await make(aSite()));
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => publish(site.id)));
    const versions = answers.map((answer) => expecting(200, answer).version);
    expect(versions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
    expect((await get(`/sites/${site.slug}/`)).status).toBe(200);
  });
});

describe('a published page', () => {
  let path: string;
  let page: Answer;

  beforeAll(async () => {
    path = pathOf((await publishSite(person)).url);
    page = await get(path);
  });

  it('carries its owner’s referral link in the HTML itself', async () => {
    const { link } = await referralsOf(person);
    const path = new URL(link).pathname;
    const links = linksIn(page.text, 'href').map((href) => new URL(href, fleet.gatewayUrl).pathname);
    expect(links).toContain(path);
  });

  it('shows what its owner wrote, and runs none of it', async () => {
    const name = `<script>alert(1)</script>"'&`;
    const site = expecting(201, await make(aSite({ name })));
    const { url } = expecting(200, await publish(site.id));
    const { text } = await get(pathOf(url));
    expect(text).not.toContain('<script>alert(1)');
    expect(text).toContain('&lt;script&gt;alert(1)');
  });

  it('has a strict policy: nothing inline, nothing from elsewhere', () => {
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-|\*|https?:/);
    expect(page.headers['x-content-type-options']).toBe('nosniff');
    expect(page.text).not.toMatch(/<script(?![^>]*\ssrc=)|\sstyle="|<style|\son[a-z]+="/i);
  });

  it('is asked for anew each time, and sent only when it changed', async () => {
    expect(page.headers['cache-control']).toMatch(/no-cache|must-revalidate|max-age=0/);
    const { etag } = page.headers;
    expect(etag).toMatch(/^(W\/)?".+"$/);
    const again = await get(path, { headers: { 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
    expect((await get(path, { headers: { 'if-none-match': '"another"' } })).status).toBe(200);
  });

  it('has files that never change', async () => {
    const files = [...linksIn(page.text, 'src'), ...linksIn(page.text, 'href')]
      .map((link) => new URL(link, `${fleet.gatewayUrl}${path}`))
      .filter(({ origin, pathname }) => origin === new URL(fleet.gatewayUrl).origin && /\.(css|js)$/.test(pathname));
    expect(files.length).toBeGreaterThanOrEqual(2);
    for (const { pathname } of files) {
      const file = await get(pathname);
      expect([pathname, file.status]).toEqual([pathname, 200]);
      expect(file.headers['cache-control']).toMatch(/max-age=31536000.*immutable/);
    }
  });

  it('is reached without the last slash too', async () => {
    const answer = await get(path.slice(0, -1));
    expect([301, 302, 307, 308]).toContain(answer.status);
    expect(new URL(String(answer.headers.location), fleet.gatewayUrl).pathname).toBe(path);
  });

  it.each(['', '/', '/index.html', '/../../secrets.json', '/%2e%2e/%2e%2e/secrets.json', '/..%2f..%2fsecrets.json'])(
    'is nobody’s at /sites/<unknown>%s',
    async (rest) => {
      const { status } = await get(`/sites/${unique('nobody')}${rest}`, { anyBody: true });
      // Without its slash, an unknown address may first be sent to the one with it.
      expect(rest === '' ? [404, 308] : [400, 404]).toContain(status);
    },
  );

  it.each(['../../secrets.json', '%2e%2e/%2e%2e/secrets.json', '..%2f..%2fsecrets.json', 'manifest.json%00.html'])(
    'gives nothing away at %s',
    async (file) => {
      const { status } = await get(`${path}${file}`, { anyBody: true });
      expect([400, 404]).toContain(status);
    },
  );
});

describe('the write key of a site', () => {
  it('is shown once, posts the widget’s events, and opens nothing else', async () => {
    const site = await publishSite(person);
    const made = expecting(201, await post(`/v1/sites/${site.id}/write-keys`, { as: person.token }));
    const as = made.key;
    const other = expecting(201, await post(`/v1/sites/${site.id}/write-keys`, { as: person.token }));
    expect(other.key).not.toBe(as);
    const event = {
      id: randomUUID(),
      name: 'widget_viewed',
      occurredAt: new Date().toISOString(),
      anonymousId: 'browser-1',
      properties: { siteId: site.id },
    };
    const answer = await post('/v1/events', { as, json: { events: [event] } });
    expect([answer.status, answer.body]).toEqual([202, { accepted: 1, duplicates: 0, rejected: [] }]);
    for (const path of ['/v1/templates', '/v1/users/me', '/v1/purchases', '/ai/v1/models', '/v1/metrics/viral'])
      expect([401, 403]).toContain((await get(path, { as })).status);
  });

  it('counts invitations for its tenant', async () => {
    const { host, owner } = await openTenant('sites-events');
    expect(host).toMatch(/\.localhost$/);
    const site = await publishSite(owner);
    const { key } = expecting(201, await post(`/v1/sites/${site.id}/write-keys`, { as: owner.token }));
    const now = Date.now();
    const event = { id: randomUUID(), name: 'invite_sent', occurredAt: new Date(now).toISOString(), properties: {} };
    expecting(202, await post('/v1/events', { as: key, json: { events: [event] } }));
    const query = new URLSearchParams({
      from: new Date(now - 60_000).toISOString(),
      to: new Date(now + 60_000).toISOString(),
    });
    await soon(async () => {
      const metrics = await get(`/v1/metrics/viral?${query.toString()}`, { as: owner.token });
      expect(expecting(200, metrics).invitesSent).toBe(1);
    }, METRICS_WITHIN_MS);
  });
});
