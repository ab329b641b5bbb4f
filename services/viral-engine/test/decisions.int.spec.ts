import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { decideCommissions, type Decision } from '../src/commissions/decide-commissions.js';
import { DecisionStore } from '../src/commissions/decision.store.js';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { settleHolds } from '../src/commissions/settle-holds.js';
import { asCommissionId, asPurchaseId, asRefundId, type TenantId } from '../src/ids.js';
import { restoreChargeback } from '../src/refunds/restore-chargeback.js';
import { RefundStore } from '../src/refunds/refund.store.js';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

const day = (n: number) => new Date(START.getTime() + n * 86_400_000);

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

beforeEach(() => engine.clock.set(START));

const release = (limit = 100) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    releaseDue(new DueStore(tx, engine.outbox), { now: engine.clock.now(), limit }),
  );

async function settle(): Promise<void> {
  const step = () =>
    inDatabaseTransaction(engine.pool, (tx) =>
      settleHolds(new DueStore(tx, engine.outbox), { now: engine.clock.now(), limit: 100 }),
    );
  while (await step());
}

/** A sale of 79.00 to two levels, somebody of finance, and the decisions that they take. */
async function story() {
  const { tenantId, people, key } = await edges.tenant(2);
  const finance = await edges.person(tenantId, people[0]!, ['finance']);
  const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
  const [first, second] = purchase.commissions.map(({ id }: { id: string }) => `/v1/commissions/${id}`);
  const decide = (path: string, decision: string, reason = 'because') =>
    edges.call('POST', `${path}/${decision}`, { as: finance, body: { reason } });
  const told = async (path: string, as = finance) => (await edges.call('GET', path, { as })).body;
  const names = async () =>
    (await engine.eventsOf(purchase)).slice(2).map(({ name, payload }) => payload['reason'] ?? name);
  const refund = async (amount: string | undefined, reason: string) =>
    (
      await edges.call('POST', `/v1/purchases/${purchase.id}/refunds`, {
        as: key,
        body: { externalId: engine.newId(), reason, ...(amount !== undefined && { amount: usd(amount) }) },
      })
    ).body.id as string;
  return { tenantId, people, key, finance, purchase, first, second, decide, told, names, refund };
}

const by = (decision: Decision, tenantId: TenantId, ...paths: string[]) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    decideCommissions(
      new DecisionStore(tx, engine.outbox),
      {
        tenantId,
        commissionIds: paths.map((path) => asCommissionId(path.split('/').at(-1) ?? '')),
        decision,
        reason: 'four accounts share one card',
        decidedBy: 'fraud',
      },
      { now: engine.clock.now(), newId: engine.newId },
    ),
  );

const written = async (tenantId: TenantId) =>
  (
    await engine.pool.query<{ n: number }>(
      `SELECT (SELECT count(*) FROM commission_decision WHERE tenant_id = $1)
            + (SELECT count(*) FROM commission_change WHERE tenant_id = $1) AS n`,
      [tenantId],
    )
  ).rows[0]!.n;

describe('Finance', () => {
  it('holds an entry: its time stands still until it is lifted, and everybody concerned sees why', async () => {
    const { tenantId, people, first, decide, told, names } = await story();
    engine.clock.set(day(10));
    const held = await decide(first, 'hold', '  The customer called.  ');
    expect([held.status, held.body.status, held.body.net]).toEqual([200, 'held', usd('15.80')]);
    engine.clock.set(day(35));
    await release();
    expect((await told(first)).status).toBe('held');
    const again = await decide(first, 'hold');
    expect([again.status, again.body.code]).toEqual([409, 'COMMISSION_HELD']);
    const lifted = await decide(first, 'lift', 'It was a misunderstanding.');
    expect(lifted.body).toMatchObject({ status: 'pending', availableAt: day(55).toISOString() });
    const twice = await decide(first, 'lift');
    expect([twice.status, twice.body.code]).toEqual([409, 'COMMISSION_NOT_HELD']);
    await release();
    expect((await told(first)).status).toBe('pending');
    engine.clock.set(day(55));
    await release();
    const { status, changes, decisions } = await told(first);
    expect(status).toBe('available');
    expect(changes.map(({ reason }: { reason: string }) => reason)).toEqual(['finance', 'lifted', 'hold_over']);
    const decision = { cause: 'finance', decidedBy: `user:${people[0]}` };
    expect(decisions).toEqual([
      { ...decision, decision: 'hold', reason: 'The customer called.', decidedAt: day(10).toISOString() },
      { ...decision, decision: 'lift', reason: 'It was a misunderstanding.', decidedAt: day(35).toISOString() },
    ]);
    const own = await told(first, await edges.person(tenantId, people[1]!));
    expect(own.decisions).toEqual(decisions.map((each: object) => ({ ...each, decidedBy: null })));
    expect(await names()).toEqual(['finance', 'CommissionsReleased', 'lifted', 'CommissionsReleased']);
  });

  it('releases early what is pending or held by finance alone, and afterwards nothing is held or forfeited', async () => {
    const { tenantId, people, first, second, decide, told, names } = await story();
    engine.clock.set(day(3));
    expect((await decide(first, 'release')).body).toMatchObject({
      status: 'available',
      availableAt: day(3).toISOString(),
    });
    await decide(second, 'hold');
    engine.clock.set(day(4));
    await by({ kind: 'hold', cause: 'dispute' }, tenantId, second);
    const refused = await decide(second, 'release');
    expect([refused.status, refused.body.code, refused.body.detail]).toEqual([
      409,
      'COMMISSION_HELD',
      'It is held for: finance, dispute.',
    ]);
    await by({ kind: 'lift', cause: 'dispute' }, tenantId, second);
    expect((await told(second)).status).toBe('held');
    expect((await decide(second, 'release')).body.status).toBe('available');
    expect(await names()).toEqual(['CommissionsReleased', 'finance', 'lifted', 'CommissionsReleased']);
    const before = await written(tenantId);
    for (const decision of ['hold', 'lift', 'release', 'forfeit']) {
      const { status, body } = await decide(first, decision);
      expect([decision, status, body.code]).toEqual([decision, 409, 'COMMISSION_RELEASED']);
    }
    expect(await written(tenantId)).toBe(before);
    await engine.setStatus(tenantId, people[1]!, 'suspended');
    await settle();
    expect((await told(first)).status).toBe('available');
  });

  it('releases early for good: what comes back by a chargeback won is available at once', async () => {
    const { tenantId, first, decide, told, refund } = await story();
    await decide(first, 'release');
    const refundId = asRefundId(await refund(undefined, 'chargeback'));
    expect((await told(first)).status).toBe('reversed');
    expect((await decide(first, 'hold')).body.code).toBe('COMMISSION_CLOSED');
    await inDatabaseTransaction(engine.pool, (tx) =>
      restoreChargeback(new RefundStore(tx, engine.outbox), { tenantId, refundId, at: engine.clock.now() }),
    );
    expect(await told(first)).toMatchObject({ status: 'available', net: usd('15.80') });
  });

  it('forfeits by a row to net zero, for good, whatever holds it', async () => {
    const { tenantId, first, second, decide, told, names, refund } = await story();
    await by({ kind: 'hold', cause: 'fraud_review' }, tenantId, first);
    const forfeited = await decide(first, 'forfeit', 'It was the beneficiary’s own card.');
    expect(forfeited.body).toMatchObject({ status: 'forfeited', net: usd('0.00'), reversed: usd('15.80') });
    await refund('39.50', 'requested');
    const { changes, decisions } = await told(first);
    expect(changes.at(-1)).toMatchObject({ from: 'held', to: 'forfeited', delta: usd('-15.80'), reason: 'forfeited' });
    expect(decisions.map(({ decidedBy, cause }: Record<string, string>) => [decidedBy, cause])).toEqual([
      ['fraud', 'fraud_review'],
      [expect.stringMatching(/^user:/), null],
    ]);
    expect(await names()).toEqual(['fraud_review', 'forfeited', expect.anything(), 'CommissionsReversed']);
    expect((await told(second)).net).toEqual(usd('5.925'));
    expect((await decide(first, 'lift')).body.code).toBe('COMMISSION_CLOSED');
    expect((await decide(first, 'forfeit')).status).toBe(409);
  });

  it('cannot release what a suspension holds, also before it is held, nor make its time run by lifting', async () => {
    const { tenantId, people, first, second, decide, told } = await story();
    await decide(second, 'hold');
    for (const person of [people[1]!, people[2]!]) await engine.setStatus(tenantId, person, 'suspended');
    expect((await decide(first, 'release')).body.code).toBe('COMMISSION_HELD');
    expect((await decide(second, 'release')).body.code).toBe('COMMISSION_HELD');
    engine.clock.set(day(5));
    expect((await decide(second, 'lift')).body.status).toBe('held');
    await settle();
    engine.clock.set(day(8));
    await engine.setStatus(tenantId, people[2]!, 'active');
    await settle();
    expect(await told(second)).toMatchObject({ status: 'pending', availableAt: day(38).toISOString() });
  });

  it('lets its time run from the lift on, also where a suspension had ended before and nobody had come by for it', async () => {
    const { tenantId, people, second, decide, told } = await story();
    await engine.setStatus(tenantId, people[2]!, 'suspended');
    await settle();
    await decide(second, 'hold');
    engine.clock.set(day(5));
    await engine.setStatus(tenantId, people[2]!, 'active');
    engine.clock.set(day(8));
    const lifted = { status: 'pending', availableAt: day(38).toISOString() };
    expect((await decide(second, 'lift')).body).toMatchObject(lifted);
    await settle();
    expect(await told(second)).toMatchObject(lifted);
  });

  it('alone decides, with a reason; the same key answers once', async () => {
    const { tenantId, people, key, first, finance, decide } = await story();
    const partner = await edges.person(tenantId, people[1]!);
    const support = await edges.person(tenantId, people[0]!, ['support']);
    const body = { reason: 'because' };
    for (const as of [partner, support, key]) {
      expect((await edges.call('POST', `${first}/hold`, { as, body })).status).toBe(403);
    }
    for (const wrong of [
      {},
      { reason: ' ' },
      { reason: 'x'.repeat(501) },
      { reason: 'a\u0001b' },
      { ...body, cause: 'dispute' },
    ]) {
      expect((await edges.call('POST', `${first}/hold`, { as: finance, body: wrong })).status).toBe(400);
    }
    expect((await decide(`/v1/commissions/${engine.newId()}`, 'hold')).status).toBe(404);
    expect(await written(tenantId)).toBe(0n);
    const once = { as: finance, body, key: 'once' };
    const [one, two] = [
      await edges.call('POST', `${first}/hold`, once),
      await edges.call('POST', `${first}/hold`, once),
    ];
    expect([one.status, two.status, two.headers.get('idempotency-replayed')]).toEqual([200, 200, 'true']);
    expect(two.body).toEqual(one.body);
    expect(await written(tenantId)).toBe(2n);
  });
});

describe('A part of the service', () => {
  it('holds many entries in one decision, is told of each that it could not hold, and keeps its reasons from partners', async () => {
    const [one, two] = [await story(), await story()];
    await one.decide(one.second, 'release');
    const cause = { kind: 'hold', cause: 'fraud_review' } as const;
    const decided = await by(cause, one.tenantId, one.first, one.second, two.first);
    expect(decided.map(({ outcome }) => outcome)).toEqual(['done', 'released', 'unknown']);
    expect((await by(cause, one.tenantId, one.first))[0]!.outcome).toBe('held');
    const own = await one.told(one.first, await edges.person(one.tenantId, one.people[1]!));
    expect(own.decisions).toEqual([expect.objectContaining({ cause: 'fraud_review', reason: null, decidedBy: null })]);
    expect((await one.told(one.first)).decisions[0].reason).toBe('four accounts share one card');
    expect(await two.names()).toEqual([]);
  });

  it('decides in its own database transaction: together with what follows from it, or not at all', async () => {
    const { tenantId, first, told, names } = await story();
    const broken = inDatabaseTransaction(engine.pool, async (tx) => {
      const order = {
        tenantId,
        commissionIds: [asCommissionId(first.split('/').at(-1))],
        reason: 'x',
        decidedBy: 'fraud',
      };
      const decision: Decision = { kind: 'hold', cause: 'fraud_review' };
      const given = { now: engine.clock.now(), newId: engine.newId };
      await decideCommissions(new DecisionStore(tx, engine.outbox), { ...order, decision }, given);
      throw new Error('the review could not be written');
    });
    await expect(broken).rejects.toThrow('could not be written');
    expect([(await told(first)).status, await names(), await written(tenantId)]).toEqual(['pending', [], 0n]);
  });

  it('and the release of what is due take turns: the later one sees what the earlier one did', async () => {
    const { tenantId, purchase, first, told } = await story();
    engine.clock.set(day(31));
    let deciding: ReturnType<typeof by> | undefined;
    await inDatabaseTransaction(engine.pool, async (tx) => {
      const store = new RefundStore(tx, engine.outbox);
      await store.lockPurchase(tenantId, asPurchaseId(purchase.id));
      deciding = by({ kind: 'hold', cause: 'finance' }, tenantId, first);
      await release();
      expect((await told(first)).status).toBe('pending');
    });
    expect((await deciding)?.[0]?.outcome).toBe('done');
    await release();
    expect((await told(first)).status).toBe('held');
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
