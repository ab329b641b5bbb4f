import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { asTenantId } from '../src/ids.js';
import { type Edges, PUBLIC_URL, startEdges } from './edges.js';
import { openWorkshop, type Workshop } from './workshop.js';

let workshop: Workshop;
let edges: Edges;
let ada: string;
const tenant = asTenantId('01980000-0000-7000-8000-00000000000a');

beforeAll(async () => {
  workshop = await openWorkshop();
  edges = await startEdges(workshop);
  ada = await edges.person(tenant, workshop.newUser());
});

afterAll(async () => {
  await edges.stop();
  await workshop.stop();
});

const newSlug = () => workshop.newId();

describe('GET /v1/templates', () => {
  it('lists what sites can be made from', async () => {
    const { status, body } = await edges.call('GET', '/v1/templates', { as: ada });
    expect(status).toBe(200);
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual(['partner-page', 'product-landing', 'waiting-list']);
    for (const item of body.items) {
      expect(item).toEqual({
        id: expect.any(String),
        name: expect.any(String),
        description: expect.any(String),
        texts: { headline: expect.any(String), body: expect.any(String), buttonText: expect.any(String) },
      });
    }
  });
});

describe('POST /v1/sites', () => {
  it('makes a draft and tells of it', async () => {
    const slug = newSlug();
    const body = { name: '  Ada’s page ', templateId: 'partner-page', slug };
    const answer = await edges.call('POST', '/v1/sites', { as: ada, body });
    expect([answer.status, answer.body]).toEqual([
      201,
      { id: expect.any(String), name: 'Ada’s page', slug, status: 'draft' },
    ]);
    expect(await workshop.eventsOf(answer.body.id)).toEqual([
      {
        name: 'SiteCreated',
        key: answer.body.id,
        payload: { siteId: answer.body.id, ownerId: expect.any(String), slug, createdAt: expect.any(Date) },
      },
    ]);
  });

  it('makes the slug from the name, and another one when that is taken', async () => {
    const name = `Shop ${workshop.newId()}`;
    const slug = name.toLowerCase().replace(' ', '-');
    const first = await edges.site(ada, { name });
    const second = await edges.site(ada, { name });
    expect(first.slug).toBe(slug);
    expect(second.slug).toMatch(new RegExp(`^${slug}-[0-9a-f]{6}$`));
  });

  it('refuses a slug that anybody in the installation has', async () => {
    const { slug } = await edges.site(ada, { slug: newSlug() });
    const stranger = await edges.person(workshop.newTenant(), workshop.newUser());
    const body = { name: 'Mine', templateId: 'partner-page', slug };
    for (const as of [ada, stranger]) {
      const answer = await edges.call('POST', '/v1/sites', { as, body });
      expect([answer.status, answer.body.code]).toEqual([409, 'SLUG_TAKEN']);
    }
  });

  it('gives a slug to one of many who ask at once', async () => {
    const body = { name: 'Race', templateId: 'partner-page', slug: newSlug() };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => edges.call('POST', '/v1/sites', { as: ada, body })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(7);
  });

  it('does its work once per Idempotency-Key', async () => {
    const key = workshop.newId();
    const body = { name: 'Once', templateId: 'partner-page', slug: newSlug() };
    const first = await edges.call('POST', '/v1/sites', { as: ada, body, key });
    const again = await edges.call('POST', '/v1/sites', { as: ada, body, key });
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await edges.call('POST', '/v1/sites', { as: ada, body: { ...body, name: 'Other' }, key });
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await workshop.eventsOf(first.body.id)).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '   ' }, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
    ['a name over two lines', { name: 'a\nb' }, 'name'],
    ['a name with half a character', { name: 'a\uD800b' }, 'name'],
    ['no template', { templateId: undefined }, 'templateId'],
    ['an unknown template', { templateId: 'banner' }, 'templateId'],
    ['a template outside', { templateId: '../partner-page' }, 'templateId'],
    ['a short slug', { slug: 'ab' }, 'slug'],
    ['a long slug', { slug: 'a'.repeat(64) }, 'slug'],
    ['a slug of capitals', { slug: 'Slug' }, 'slug'],
    ['a slug with a slash', { slug: 'a/b' }, 'slug'],
    ['a slug with a line break', { slug: 'abc\n' }, 'slug'],
    ['a slug that is null', { slug: null }, 'slug'],
    ['an unknown member', { status: 'published' }, 'status'],
    ['unknown content', { content: { html: '<b>' } }, 'content.html'],
    ['a long headline', { content: { headline: 'x'.repeat(201) } }, 'content.headline'],
    ['an empty button', { content: { buttonText: '' } }, 'content.buttonText'],
    ['a body with a control character', { content: { body: 'a\u0007' } }, 'content.body'],
    ['nine points', { content: { points: Array(9).fill('p') } }, 'content.points'],
  ])('refuses %s', async (_name, change, path) => {
    const body = { name: 'Site', templateId: 'partner-page', ...change };
    const answer = await edges.call('POST', '/v1/sites', { as: ada, body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toEqual([path]);
  });

  it('is for persons', async () => {
    const body = { name: 'Site', templateId: 'partner-page' };
    expect((await edges.call('POST', '/v1/sites', { body })).status).toBe(401);
    expect((await edges.call('POST', '/v1/sites', { body, as: edges.apiKey(tenant) })).status).toBe(403);
  });
});

describe('GET /v1/sites', () => {
  it('pages through the caller’s own sites, and reads each of them', async () => {
    const as = await edges.person(tenant, workshop.newUser());
    const content = { headline: 'Hello', points: ['One'] };
    const made = [];
    for (let n = 0; n < 5; n += 1) made.push(await edges.site(as, { name: `Site ${n}`, slug: newSlug(), content }));
    const found = [];
    let token = '';
    do {
      const query = token === '' ? '?pageSize=2' : `?pageSize=2&pageToken=${token}`;
      const { body } = await edges.call('GET', `/v1/sites${query}`, { as });
      expect(body.items.length).toBeLessThanOrEqual(2);
      found.push(...body.items);
      token = body.nextPageToken ?? '';
    } while (token !== '');
    expect(found.map(({ id }) => id)).toEqual(made.map(({ id }) => id));
    const [first] = made;
    const one = await edges.call('GET', `/v1/sites/${first!.id}`, { as });
    expect(one.body).toEqual(found[0]);
    expect(one.body).toEqual({
      ...first,
      templateId: 'product-landing',
      content,
      url: null,
      version: null,
      createdAt: expect.stringMatching(/Z$/),
    });
    await edges.publish(as, first!.id);
    const published = (await edges.call('GET', `/v1/sites/${first!.id}`, { as })).body;
    const url = `${PUBLIC_URL}/sites/${first!.slug}/`;
    expect(published).toEqual({ ...one.body, status: 'published', url, version: 1 });
  });

  it.each([
    ['?pageSize=0', 400],
    ['?pageToken=nonsense', 400],
    ['/not-a-uuid', 400],
    ['/01980000-0000-7000-8000-000000000000', 404],
  ])('answers %p with %p', async (path, status) => {
    expect((await edges.call('GET', `/v1/sites${path}`, { as: ada })).status).toBe(status);
  });
});

describe('The OpenAPI document', () => {
  it('describes every path of this service', async () => {
    const { status, body } = await edges.call('GET', '/internal/openapi.json');
    expect(status).toBe(200);
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/sites/{slug}',
      '/sites/{slug}/',
      '/sites/{slug}/{file}',
      '/v1/sites',
      '/v1/sites/{id}',
      '/v1/sites/{id}/publish',
      '/v1/sites/{id}/write-keys',
      '/v1/templates',
    ]);
  });
});
