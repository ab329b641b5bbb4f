import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { Problem } from './conventions.js';
import { del, expecting, get, post, succeeding } from './gateway.js';
import { ACCESS_CHANGES_WITHIN_MS, soon } from './waiting.js';
import type { Page } from './wire.js';
import { newKey, openTenant, type Person, register, sale, SCOPES, type Tenant } from './world.js';

let tenant: Tenant;
let buyer: Person;

beforeAll(async () => {
  tenant = await openTenant('keys');
  buyer = await register(tenant);
});

const make = (json: unknown) => post('/v1/api-keys', { as: tenant.owner.token, json });
const anEvent = () => ({ id: randomUUID(), name: 'seen', occurredAt: new Date().toISOString(), properties: {} });

describe('an API key', () => {
  it('is shown once, when it is made', async () => {
    const made = await make({ name: 'billing', scopes: ['purchases:write', 'purchases:read'] });
    const { id, key, scopes } = expecting(201, made);
    expect(key).toMatch(/^dd_/);
    expect(scopes.toSorted()).toEqual(['purchases:read', 'purchases:write']);
    const listed = await get<Page<object>>('/v1/api-keys', { as: tenant.owner.token });
    expect(expecting(200, listed).items).toContainEqual(expect.objectContaining({ id, name: 'billing' }));
    expect(listed.text).not.toContain(key);
  });

  it('opens what its scopes name and nothing else', async () => {
    const [writer, reader, sender] = [
      await newKey(tenant, 'purchases:write'),
      await newKey(tenant, 'purchases:read'),
      await newKey(tenant, 'events:write'),
    ];
    const write = (as: string) => post('/v1/purchases', { as, json: sale(buyer) });
    const purchase = expecting(201, await write(writer.key));
    const read = (as: string) => get<Problem>(`/v1/purchases/${purchase.id}`, { as });
    expect((await read(reader.key)).status).toBe(200);
    for (const answer of [await write(reader.key), await read(writer.key), await write(sender.key)])
      expect([answer.status, answer.body.code]).toEqual([403, 'SCOPE_MISSING']);
    const events = { events: [anEvent()] };
    expect((await post('/v1/events', { as: sender.key, json: events })).status).toBe(202);
    expect((await post('/v1/events', { as: writer.key, json: events })).status).toBe(403);
  });

  it('that is deleted is refused by every service within ten seconds', async () => {
    const { id, key } = await newKey(tenant, ...SCOPES);
    const uses = () =>
      Promise.all([
        post('/v1/purchases', { as: key, json: sale(buyer) }),
        post('/v1/events', { as: key, json: { events: [anEvent()] } }),
        get('/ai/v1/models', { as: key }),
      ]);
    expect((await uses()).map(({ status }) => status)).toEqual([201, 202, 200]);
    succeeding(await del(`/v1/api-keys/${id}`, { as: tenant.owner.token }));
    await soon(
      async () => expect((await uses()).map(({ status }) => status)).toEqual([401, 401, 401]),
      ACCESS_CHANGES_WITHIN_MS,
    );
    const { items } = expecting(200, await get<Page<{ id: string }>>('/v1/api-keys', { as: tenant.owner.token }));
    expect(items.map((item) => item.id)).not.toContain(id);
  });

  it('that nobody knows cannot be deleted', async () => {
    expect((await del(`/v1/api-keys/${randomUUID()}`, { as: tenant.owner.token })).status).toBe(404);
    expect((await del('/v1/api-keys/not-an-id', { as: tenant.owner.token })).status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['an unknown scope', { name: 'key', scopes: ['purchases:admin'] }],
    ['no scope', { name: 'key', scopes: [] }],
    ['no name', { scopes: ['purchases:read'] }],
    ['a field that nobody knows', { name: 'key', scopes: ['purchases:read'], tenantId: randomUUID() }],
  ])('is not made with %s', async (_what, json) => {
    expect((await make(json)).status).toBe(400);
  });
});
