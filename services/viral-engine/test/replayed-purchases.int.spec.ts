import { inDatabaseTransaction } from '@dailydoco/database';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { type Engine, START, startEngine } from './engine.js';

const day = (n: number) => new Date(START.getTime() + n * 86_400_000);

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterEach(() => engine.clock.set(START));

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

/** The answers with the sale's external id that are kept: none where the answer is made again. */
const kept = async (externalId: string) =>
  (
    await engine.pool.query<{ body: string }>(
      `SELECT body FROM idempotency_answer WHERE body LIKE '%' || $1 || '%' ORDER BY body`,
      [externalId],
    )
  ).rows.map(({ body }) => body);

/** A tenant of three levels whose default plan pays 10 %, 5 % and 1 % under a company cap of 8.00 a month. */
async function capped() {
  const { tenantId, people, key } = await edges.tenant(3);
  const staff = await edges.person(tenantId, people[3]!, ['admin', 'finance']);
  const companyCap = { period: 'month', mode: 'pro_rata', amounts: [usd('8.00')] };
  await edges.call('POST', '/v1/plans', {
    as: staff,
    body: { id: 'standard', levelsBps: [1000, 500, 100], holdDays: 30, companyCap },
  });
  return { tenantId, people, key, staff };
}

describe('A purchase told again under its key', () => {
  it('is answered as at first to the letter, whatever has happened to it since', async () => {
    const { people, key, staff } = await capped();
    const body = sale(people[0]!, { productTag: 'pro' });
    const tell = () => edges.call('POST', '/v1/purchases', { as: key, body, key: 'one key' });
    const first = await tell();
    expect(first.status).toBe(201);
    expect(first.body.commissions[0].cuts).toEqual([{ rule: 'company_cap', amount: usd('2.90') }]);

    const decide = (index: number, decision: string) =>
      edges.call('POST', `/v1/commissions/${first.body.commissions[index].id}/${decision}`, {
        as: staff,
        body: { reason: 'because' },
      });
    engine.clock.set(day(3));
    await decide(0, 'hold');
    await decide(1, 'release');
    engine.clock.set(day(13));
    await decide(0, 'lift');
    await edges.call('POST', `/v1/purchases/${first.body.id}/refunds`, {
      as: key,
      body: { externalId: 'refund', amount: usd('7.90'), reason: 'requested' },
    });
    await edges.call('POST', '/v1/plans', { as: staff, body: { id: 'standard', levelsBps: [1], holdDays: 1 } });
    engine.clock.set(day(31));
    await inDatabaseTransaction(engine.pool, (tx) =>
      releaseDue(new DueStore(tx, engine.outbox), { now: engine.clock.now(), limit: 100 }),
    );

    const { body: stands } = await edges.call('GET', `/v1/purchases/${first.body.id}`, { as: key });
    expect(stands.commissions.map(({ status }: { status: string }) => status)).toEqual([
      'pending',
      'available',
      'available',
    ]);
    expect(stands.commissions[0].availableAt).toBe(day(40).toISOString());
    expect(stands.refunded).toEqual(usd('7.90'));

    const again = await tell();
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([201, 'true']);
    expect(JSON.stringify(again.body)).toBe(JSON.stringify(first.body));
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  });

  it('is answered as at first among others that are new, told otherwise, or told under keys of their own', async () => {
    const { people, key } = await edges.tenant(7);
    const known = sale(people[0]!);
    const tell = (body: object, under: string) =>
      edges.call('POST', '/v1/purchases', { as: key, body, key: `among others ${under}` });
    const first = await tell(known, 'a');
    const [again, other, fresh, own] = await Promise.all([
      tell(known, 'a'),
      tell({ ...known, stream: 'usage' }, 'a'),
      tell(sale(people[0]!), 'b'),
      tell(known, 'c'),
    ]);
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect([fresh.status, own.status, own.body]).toEqual([201, 200, first.body]);
  });

  it('keeps no body for whoever created it, and that of whoever found it', async () => {
    const { tenantId, people, key } = await edges.tenant(1);
    const body = sale(people[0]!);
    const tell = (under: string) => edges.call('POST', '/v1/purchases', { as: key, body, key: under });
    const created = await tell('mine');
    expect(await kept(body.externalId)).toEqual([]);
    await edges.call('POST', `/v1/purchases/${created.body.id}/refunds`, {
      as: key,
      body: { externalId: `refund of ${tenantId}`, reason: 'requested' },
    });
    const found = await tell('yours');
    expect([found.status, found.body.refunded]).toEqual([200, usd('79.00')]);
    expect(await kept(body.externalId)).toEqual([JSON.stringify(found.body)]);
    expect((await tell('yours')).body).toEqual(found.body);
    expect((await tell('mine')).body).toEqual(created.body);
  });
});
