import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, post } from './gateway.js';
import { newKey, openTenant, type Person, publishSite, register, type Tenant } from './world.js';

interface Taken {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: readonly { readonly index: number; readonly code: string }[];
}

let tenant: Tenant;
let person: Person;
let key: string;

beforeAll(async () => {
  tenant = await openTenant('events');
  person = await register(tenant);
  key = (await newKey(tenant, 'events:write')).key;
});

const anEvent = (other: object = {}): Record<string, unknown> => ({
  id: randomUUID(),
  name: 'page_seen',
  occurredAt: new Date().toISOString(),
  anonymousId: 'browser-1',
  properties: { path: '/pricing', seconds: 4.5, tags: ['a', 'b'], deep: { er: null } },
  ...other,
});
const tell = (events: unknown, as = key) => post<Taken>('/v1/events', { as, json: { events } });
const taken = async (events: unknown, as = key): Promise<Taken> => expecting(202, await tell(events, as));

describe('events', () => {
  it('are taken from a key, a person and a site', async () => {
    const site = await publishSite(person);
    const writeKey = expecting(201, await post(`/v1/sites/${site.id}/write-keys`, { as: person.token })).key;
    for (const as of [key, person.token, writeKey])
      expect(await taken([anEvent(), anEvent()], as)).toEqual({ accepted: 2, duplicates: 0, rejected: [] });
  });

  it('with one id are one event, in one batch and over batches', async () => {
    const [one, two] = [anEvent(), anEvent()];
    expect(await taken([one, two, { ...one, name: 'page_left' }])).toEqual({
      accepted: 2,
      duplicates: 1,
      rejected: [],
    });
    expect(await taken([two, anEvent()])).toEqual({ accepted: 1, duplicates: 1, rejected: [] });
    const shouted = { ...two, id: String(two['id']).toUpperCase() };
    expect(await taken([shouted])).toEqual({ accepted: 0, duplicates: 1, rejected: [] });
  });

  it('with one id are one event of twenty calls at once', async () => {
    const event = anEvent();
    const answers = await Promise.all(Array.from({ length: 20 }, () => taken([event])));
    const sum = (of: (answer: Taken) => number) => answers.reduce((total, answer) => total + of(answer), 0);
    expect([sum(({ accepted }) => accepted), sum(({ duplicates }) => duplicates)]).toEqual([1, 19]);
  });

  it('with one id are two in two tenants', async () => {
    const other = await newKey(await openTenant('events-too'), 'events:write');
    const event = anEvent();
    expect(await taken([event])).toMatchObject({ accepted: 1 });
    expect(await taken([event], other.key)).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it('that are wrong are rejected each for itself; the others are taken', async () => {
    const batch = [
      anEvent({ id: 'not-a-uuid' }),
      anEvent(),
      anEvent({ name: '' }),
      anEvent({ occurredAt: 'yesterday' }),
      anEvent({ occurredAt: '2999-01-01T00:00:00Z' }),
      anEvent({ properties: { text: 'x'.repeat(70_000) } }),
      anEvent({ occurredAt: new Date(Date.now() - 3_600_000).toISOString() }),
    ];
    const answer = await taken(batch);
    expect([answer.accepted, answer.duplicates]).toEqual([2, 0]);
    expect(answer.rejected.map(({ index }) => index)).toEqual([0, 2, 3, 4, 5]);
    for (const { code } of answer.rejected) expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
  });

  it('of a person are not told by another person', async () => {
    const somebody = await register(tenant);
    const answer = await taken([anEvent({ userId: person.id }), anEvent({ userId: somebody.id })], person.token);
    expect([answer.accepted, answer.rejected.map(({ index }) => index)]).toEqual([1, [1]]);
  });

  it('come 500 at a time', async () => {
    const batch = Array.from({ length: 500 }, () => anEvent());
    expect(await taken(batch)).toEqual({ accepted: 500, duplicates: 0, rejected: [] });
    expect((await tell([...batch, anEvent()])).status).toBe(400);
  });

  it.each<[string, unknown]>([
    ['none at all', { events: [] }],
    ['no list', { events: 'page_seen' }],
    ['nothing', {}],
    ['a field beside them that nobody knows', { events: [anEvent()], tenantId: randomUUID() }],
  ])('are refused as a whole with %s', async (_what, json) => {
    const { status, body } = await post('/v1/events', { as: key, json });
    expect([status, body.code]).toEqual([400, 'VALIDATION_FAILED']);
  });

  it('under one Idempotency-Key are answered alike', async () => {
    const [idempotencyKey, json] = [randomUUID(), { events: [anEvent()] }];
    const attempt = (body: unknown) => post<Taken>('/v1/events', { as: key, key: idempotencyKey, json: body });
    const first = await attempt(json);
    const again = await attempt(json);
    expect([again.status, again.body, again.headers['idempotency-replayed']]).toEqual([202, first.body, 'true']);
    expect((await attempt({ events: [anEvent()] })).status).toBe(422);
  });
});
