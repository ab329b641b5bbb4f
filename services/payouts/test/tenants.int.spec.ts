import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { asRunId, type TenantId } from '../src/ids.js';
import { saveReconciliation } from '../src/reconciliation/books.store.js';
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

/** A run that found a break. */
async function breakIn(tenantId: TenantId): Promise<string> {
  const [id, now] = [asRunId(books.newId()), books.clock.now()];
  const found = { invariant: 'I1', subject: 'table x', detail: 'x' } as const;
  const run = { id, tenantId, outcome: 'breaks', compared: 0, inFlight: 0, breaks: [found] } as const;
  const dated = { ...run, incomplete: new Set<never>(), startedAt: now, finishedAt: now };
  await inDatabaseTransaction(books.pool, (tx) => saveReconciliation(tx, dated, books.newId));
  const { rows } = await books.pool.query<{ id: string }>('SELECT id FROM break_case WHERE tenant_id = $1', [tenantId]);
  return rows[0]!.id;
}

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
    const fee = { kind: 'transfer', debit: 'payout_fees', credit: 'cash', amount: usd('1.00'), reason: 'a fee' };
    const finance = await edges.person(mine, books.newPerson(), ['finance']);
    const adjustment = await edges.call('POST', '/v1/ledger/adjustments', { as: finance, body: fee });
    const [journal] = (
      await books.pool.query<{ id: string }>('SELECT id FROM journal WHERE tenant_id = $1 LIMIT 1', [mine])
    ).rows;
    const breakId = await breakIn(mine);
    // A report of theirs would be found.
    const day = { day: '2026-05-31' };
    expect((await edges.call('POST', '/v1/reconciliation/reports', { as: finance, body: day })).status).toBe(200);
    const aBreak = `/v1/reconciliation/breaks/${breakId}`;
    const tries: [string, string, object | undefined][] = [
      ['GET', '/v1/reconciliation/reports/2026-05-31', undefined],
      ['GET', aBreak, undefined],
      ['POST', `${aBreak}/take`, undefined],
      ['POST', `${aBreak}/notes`, { note: 'x' }],
      ['POST', `${aBreak}/resolve`, { outcome: 'accepted', reason: 'x' }],
      ['GET', `/v1/ledger/accounts/${before.balances[0].accounts.available}/statement`, undefined],
      ['GET', `/v1/ledger/journals/${journal?.id}`, undefined],
      ['GET', `/v1/ledger/adjustments/${adjustment.body.id}`, undefined],
      ['POST', `/v1/ledger/adjustments/${adjustment.body.id}/approve`, undefined],
      ['POST', `/v1/ledger/adjustments/${adjustment.body.id}/reject`, { reason: 'not ours' }],
      ['GET', `/v1/payouts/${asked.body.id}`, undefined],
      ['POST', `/v1/payouts/${asked.body.id}/cancel`, undefined],
      ['POST', `/v1/payouts/${asked.body.id}/approve`, { reason: 'x' }],
      ['POST', `/v1/payouts/${asked.body.id}/reject`, { reason: 'x' }],
      ['POST', `/v1/payouts/${asked.body.id}/findings/1/close`, { decision: 'cleared', reason: 'x' }],
      ['GET', `/v1/payout-batches/${asked.body.id}/file`, undefined],
      ['POST', '/v1/payouts', { amount: usd('1.00'), methodId }],
      ['DELETE', `/v1/payout-methods/${methodId}`, undefined],
      ['PUT', '/v1/payout-schedule', { currency: 'USD', interval: 'daily', methodId }],
    ];
    for (const [method, path, body] of tries) {
      const answer = await edges.call(method, path, { as: owner, body });
      expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 404, 'NOT_FOUND']);
    }
    const lists = ['/v1/payouts', '/v1/payout-methods', '/v1/ledger/accounts', '/v1/ledger/adjustments'];
    const theirMethods = `/v1/people/${personId}/payout-methods`;
    const journals = `/v1/ledger/journals?payoutId=${asked.body.id}`;
    const more = [theirMethods, journals, '/v1/ledger/periods', '/v1/reconciliation/breaks', '/v1/reconciliation/runs'];
    for (const path of [...lists, ...more]) {
      expect((await edges.call('GET', path, { as: owner })).body.items).toEqual([]);
    }
    for (const path of ['/v1/balances/me', `/v1/people/${personId}/balances`]) {
      expect((await edges.call('GET', path, { as: owner })).body.balances).toEqual([]);
    }
    expect((await edges.call('GET', '/v1/ledger/trial-balance', { as: owner })).body.currencies).toEqual([]);
    expect((await edges.call('GET', '/v1/balances/me', { as: me })).body).toEqual(before);
    expect((await edges.call('GET', `/v1/payouts/${asked.body.id}`, { as: me })).body).toMatchObject(asked.body);
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
      '/v1/bank-files',
      '/v1/bank-files/{id}',
      '/v1/ledger/accounts',
      '/v1/ledger/accounts/{id}/statement',
      '/v1/ledger/adjustments',
      '/v1/ledger/adjustments/{id}',
      '/v1/ledger/adjustments/{id}/approve',
      '/v1/ledger/adjustments/{id}/reject',
      '/v1/ledger/export',
      '/v1/ledger/journals',
      '/v1/ledger/journals/{id}',
      '/v1/ledger/periods',
      '/v1/ledger/periods/{period}/close',
      '/v1/ledger/trial-balance',
      '/v1/payout-batches',
      '/v1/payout-batches/{id}',
      '/v1/payout-batches/{id}/file',
      '/v1/payout-batches/{id}/sent',
      '/v1/payout-methods',
      '/v1/payout-methods/{id}',
      '/v1/payout-policy',
      '/v1/payout-policy/stop',
      '/v1/payout-rails',
      '/v1/payout-schedule',
      '/v1/payout-standing',
      '/v1/payout-webhooks',
      '/v1/payout-webhooks/{id}',
      '/v1/payout-webhooks/{id}/deliveries',
      '/v1/payout-webhooks/{id}/deliveries/{messageId}',
      '/v1/payout-webhooks/{id}/deliveries/{messageId}/replay',
      '/v1/payout-webhooks/{id}/replay',
      '/v1/payout-webhooks/{id}/rotate-secret',
      '/v1/payouts',
      '/v1/payouts/{id}',
      '/v1/payouts/{id}/approve',
      '/v1/payouts/{id}/cancel',
      '/v1/payouts/{id}/findings/{position}/close',
      '/v1/payouts/{id}/reject',
      '/v1/people/{id}/balances',
      '/v1/people/{id}/payout-freeze',
      '/v1/people/{id}/payout-methods',
      '/v1/people/{id}/payout-standing',
      '/v1/people/{id}/payout-unfreeze',
      '/v1/rails/stripe/events',
      '/v1/reconciliation/breaks',
      '/v1/reconciliation/breaks/{id}',
      '/v1/reconciliation/breaks/{id}/notes',
      '/v1/reconciliation/breaks/{id}/resolve',
      '/v1/reconciliation/breaks/{id}/take',
      '/v1/reconciliation/reports',
      '/v1/reconciliation/reports/{day}',
      '/v1/reconciliation/runs',
      '/v1/risk/rules',
      '/v1/screening/hits',
      '/v1/screening/hits/{id}/decide',
      '/v1/screening/lists',
      '/v1/screening/lists/{list}/withdraw',
      '/v1/tax-policy',
      '/v1/tax-record',
      '/v1/tax-records/{personId}',
      '/v1/tax-reports/{year}',
    ]);
  });
});
