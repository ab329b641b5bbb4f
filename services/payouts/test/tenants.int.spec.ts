import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges, usd } from './edges.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

describe("Another tenant's ids", () => {
  it('answer as unknown at every endpoint, and change nothing', async () => {
    const [mine, theirs, personId] = [books.newTenant(), books.newTenant(), books.newPerson()];
    await books.earn(mine, personId, '100.00');
    const me = await edges.person(mine, personId);
    const methodId = await books.addMethod(mine, personId);
    const asked = await edges.call('POST', '/v1/payouts', { as: me, body: { amount: usd('30.00'), methodId } });
    const { body: before } = await edges.call('GET', '/v1/balances/me', { as: me });
    // The strongest role, and even the same person's id, in another tenant.
    const owner = await edges.person(theirs, personId, ['owner', 'finance']);
    const tries: [string, string, object | undefined][] = [
      ['GET', `/v1/ledger/accounts/${before.balances[0].accounts.available}/statement`, undefined],
      ['GET', `/v1/payouts/${asked.body.id}`, undefined],
      ['POST', `/v1/payouts/${asked.body.id}/cancel`, undefined],
      ['POST', '/v1/payouts', { amount: usd('1.00'), methodId }],
      ['DELETE', `/v1/payout-methods/${methodId}`, undefined],
    ];
    for (const [method, path, body] of tries) {
      const answer = await edges.call(method, path, { as: owner, body });
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 404, 'NOT_FOUND']);
    }
    for (const path of ['/v1/payouts', '/v1/payout-methods']) {
      expect((await edges.call('GET', path, { as: owner })).body.items).toEqual([]);
    }
    expect((await edges.call('GET', '/v1/balances/me', { as: owner })).body.balances).toEqual([]);
    expect((await edges.call('GET', '/v1/ledger/trial-balance', { as: owner })).body.currencies).toEqual([]);
    expect((await edges.call('GET', '/v1/balances/me', { as: me })).body).toEqual(before);
    expect((await edges.call('GET', `/v1/payouts/${asked.body.id}`, { as: me })).body).toEqual(asked.body);
  });

  it('name other purchases: one id in two tenants is two purchases', async () => {
    const [mine, theirs, personId] = [books.newTenant(), books.newTenant(), books.newPerson()];
    const life = await books.earn(mine, personId, '100.00');
    Object.assign(life, { tenantId: theirs, events: life.events.map((event) => ({ ...event, tenantId: theirs })) });
    await books.live(life);
    expect(await books.balance(theirs, personId)).toEqual({
      ...(await books.balance(mine, personId)),
      accounts: expect.any(Map),
    });
    for (const tenantId of [mine, theirs]) expect(await books.breaks(tenantId)).toEqual([]);
  });
});

describe('The OpenAPI document', () => {
  it('describes every path of this service', async () => {
    const { status, body } = await edges.call('GET', '/internal/openapi.json');
    expect(status).toBe(200);
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/v1/balances/me',
      '/v1/ledger/accounts/{id}/statement',
      '/v1/ledger/trial-balance',
      '/v1/payout-methods',
      '/v1/payout-methods/{id}',
      '/v1/payouts',
      '/v1/payouts/{id}',
      '/v1/payouts/{id}/cancel',
      '/v1/rails/stripe/events',
    ]);
  });
});
