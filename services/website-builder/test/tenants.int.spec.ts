import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient, type GrpcClient } from '@dailydoco/grpc';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import type { TenantId, UserId } from '../src/ids.js';
import { type Edges, SECRET, startEdges } from './edges.js';
import { openWorkshop, type Workshop } from './workshop.js';

let workshop: Workshop;
let edges: Edges;
let sites: GrpcClient<typeof SiteServiceService>;
let tenantId: TenantId;
let ownerId: UserId;
let owner: string;

beforeAll(async () => {
  workshop = await openWorkshop();
  edges = await startEdges(workshop);
  sites = createGrpcClient(SiteServiceService, {
    address: edges.grpcAddress,
    service: 'analytics',
    serviceSecret: SECRET,
  });
  tenantId = workshop.newTenant();
  ownerId = workshop.newUser();
  owner = await edges.person(tenantId, ownerId);
});

afterAll(async () => {
  sites.close();
  await edges.stop();
  await workshop.stop();
});

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    (error: { reason?: string }) => error.reason,
  );
const sha256 = (key: string) => hash('sha256', key, 'buffer');

describe('Another person’s site', () => {
  it('answers as an unknown one, in the same tenant and in another, whatever the role', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    const unknown = workshop.newId();
    const strangers = [
      await edges.person(tenantId, workshop.newUser()),
      await edges.person(tenantId, workshop.newUser(), ['owner']),
      await edges.person(workshop.newTenant(), ownerId),
      await edges.person(workshop.newTenant(), workshop.newUser(), ['admin']),
    ];
    for (const as of strangers) {
      for (const [method, tail] of [
        ['GET', ''],
        ['POST', '/publish'],
        ['POST', '/write-keys'],
      ] as const) {
        const [theirs, nobodys] = await Promise.all(
          [site.id, unknown].map((id) => edges.call(method, `/v1/sites/${id}${tail}`, { as })),
        );
        expect([tail, theirs!.status, theirs!.body.code]).toEqual([tail, 404, 'SITE_UNKNOWN']);
        expect({ ...theirs!.body, traceId: '' }).toEqual({ ...nobodys!.body, traceId: '' });
      }
      expect((await edges.call('GET', '/v1/sites', { as })).body).toEqual({ items: [] });
    }
    expect((await workshop.eventsOf(site.id)).map(({ name }) => name)).toEqual(['SiteCreated']);
    const { rows } = await workshop.pool.query('SELECT id FROM write_key WHERE site_id = $1', [site.id]);
    expect(rows).toEqual([]);
  });
});

describe('GetSite', () => {
  it('knows the sites of the caller’s tenant only', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    const found = await sites.getSite({ siteId: site.id }, { tenantId });
    expect(found).toEqual({ siteId: site.id, ownerId, slug: site.slug });
    const others: [string, TenantId][] = [
      [site.id, workshop.newTenant()],
      [workshop.newId(), tenantId],
      ['not a uuid', tenantId],
      ['', tenantId],
    ];
    for (const [siteId, asTenant] of others) {
      expect(await reasonOf(sites.getSite({ siteId }, { tenantId: asTenant }))).toBe('WEBSITE_UNKNOWN');
    }
  });

  it('is for services', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    expect(await reasonOf(sites.getSite({ siteId: site.id }, { authorization: owner }))).toBe('FORBIDDEN');
  });
});

describe('Write keys', () => {
  it('are shown once, kept as a hash, and resolve to their site and its tenant', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    const answer = await edges.call('POST', `/v1/sites/${site.id}/write-keys`, { as: owner });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ id: expect.any(String), key: expect.stringMatching(/^dd_site_[\w-]{43}$/) });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const { id, key } = answer.body;
    // Whoever asks, the answer names the tenant.
    for (const asTenant of [tenantId, workshop.newTenant()]) {
      expect(await sites.resolveWriteKey({ keySha256: sha256(key) }, { tenantId: asTenant })).toEqual({
        known: true,
        writeKeyId: id,
        siteId: site.id,
        tenantId,
      });
    }
    const { rows } = await workshop.pool.query<{ whole: string }>('SELECT w::text AS whole FROM write_key w');
    const { rows: answers } = await workshop.pool.query<{ body: string }>('SELECT body FROM idempotency_answer');
    for (const text of [...rows.map(({ whole }) => whole), ...answers.map(({ body }) => body)]) {
      expect(text).not.toContain(key);
    }
  });

  it('are each another one', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    const path = `/v1/sites/${site.id}/write-keys`;
    const key = workshop.newId();
    const [first, second] = [
      await edges.call('POST', path, { as: owner, key }),
      await edges.call('POST', path, { as: owner, key }),
    ];
    expect(first.body.key).not.toBe(second.body.key);
  });

  it('that are unknown, revoked or no hash at all are an answer and not an error', async () => {
    const site = await edges.site(owner, { slug: workshop.newId() });
    const { key, id } = (await edges.call('POST', `/v1/sites/${site.id}/write-keys`, { as: owner })).body;
    await workshop.pool.query('UPDATE write_key SET revoked_at = now() WHERE id = $1', [id]);
    for (const keySha256 of [sha256(key), sha256('dd_site_nobody'), Buffer.alloc(0), Buffer.alloc(31)]) {
      expect(await sites.resolveWriteKey({ keySha256 }, { tenantId })).toEqual({
        known: false,
        writeKeyId: '',
        siteId: '',
        tenantId: '',
      });
    }
  });
});
