import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { events } from '@dailydoco/events';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { countOverdue } from '../src/disputes/dispute-rows.store.js';
import { watchDeadlines } from '../src/disputes/disputes.module.js';
import { asRefundId, asUserId, type TenantId } from '../src/ids.js';
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

const release = () =>
  inDatabaseTransaction(engine.pool, (tx) =>
    releaseDue(new DueStore(tx, engine.outbox), { now: engine.clock.now(), limit: 100 }),
  );

const complaint = {
  kind: 'amount',
  statement: 'The buyer paid 97.00.\nNot 79.00.',
  evidence: [
    { name: 'Invoice', url: 'https://shop.example/invoices/7' },
    { name: 'What the buyer wrote', text: 'I paid 97.00 on Monday.' },
  ],
};

/** A sale of 79.00 to two levels; the partner is level 1, and there are people of support and finance. */
async function story() {
  const { tenantId, people, key } = await edges.tenant(2);
  const as = {
    partner: await edges.person(tenantId, people[1]!),
    other: await edges.person(tenantId, people[2]!),
    support: await edges.person(tenantId, asUserId(engine.newId()), ['support']),
    finance: await edges.person(tenantId, asUserId(engine.newId()), ['finance']),
  };
  const { body: purchase } = await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!) });
  const [commissionId, second] = purchase.commissions.map(({ id }: { id: string }) => id);
  const open = (body: object = {}, caller = as.partner) =>
    edges.call('POST', '/v1/disputes', { as: caller, body: { commissionId, ...complaint, ...body } });
  const act = (id: string, what: string, caller: string, body?: object) =>
    edges.call('POST', `/v1/disputes/${id}/${what}`, { as: caller, body });
  const commission = async () => (await edges.call('GET', `/v1/commissions/${commissionId}`, { as: as.partner })).body;
  const refund = async (reason: string) =>
    (
      await edges.call('POST', `/v1/purchases/${purchase.id}/refunds`, {
        as: key,
        body: { externalId: engine.newId(), reason },
      })
    ).body.id as string;
  return { tenantId, people, key, as, purchase, commissionId, second, open, act, commission, refund };
}

const rows = async (tenantId: TenantId) =>
  (
    await engine.pool.query<{ n: bigint }>(
      `SELECT (SELECT count(*) FROM dispute WHERE tenant_id = $1) + (SELECT count(*) FROM dispute_step WHERE tenant_id = $1)
         + (SELECT count(*) FROM commission_decision WHERE tenant_id = $1) AS n`,
      [tenantId],
    )
  ).rows[0]!.n;

/** What neighbours are told of the disputes of a person. */
async function toldOf(userId: string): Promise<[string, unknown][]> {
  const { rows } = await engine.pool.query<{ event_type: string; payload: Uint8Array }>(
    `SELECT event_type, payload FROM messaging.outbox WHERE aggregate_key = $1 AND event_type LIKE '%.Dispute%' ORDER BY id`,
    [userId],
  );
  return rows.map(({ event_type, payload }) => {
    const type = [events.disputeOpened, events.disputeDecided].find((each) => each.type === event_type);
    return [event_type.slice(event_type.lastIndexOf('.') + 1), type?.codec.decode(payload)];
  });
}

const stepsOf = (body: { steps: Record<string, unknown>[] }, ...names: string[]) =>
  body.steps.map((step) => names.map((name) => step[name]));

describe('A partner', () => {
  it('questions a commission of their own: it is held, and every step to the decision is theirs to see', async () => {
    const { as, people, commissionId, open, act, commission } = await story();
    engine.clock.set(day(20));
    const opened = await open();
    expect([opened.status, opened.body]).toMatchObject([
      201,
      {
        commissionId,
        status: 'open',
        hold: 'held',
        outcome: null,
        dueAt: day(34).toISOString(),
        steps: [{ position: 1, kind: 'opened', by: 'partner', userId: people[1], text: complaint.statement }],
      },
    ]);
    expect(opened.body.steps[0].evidence).toEqual([
      { ...complaint.evidence[0], text: null },
      { ...complaint.evidence[1], url: null },
    ]);
    const { id } = opened.body;
    expect((await commission()).status).toBe('held');
    expect((await act(id, 'take', as.support)).body).toMatchObject({
      status: 'in_review',
      ownerId: expect.any(String),
    });
    await act(id, 'notes', as.support, { note: 'Which order is it?' });
    await act(id, 'notes', as.partner, { note: 'The one of Monday.', evidence: [] });
    engine.clock.set(day(31));
    await release();
    expect((await commission()).status).toBe('held');
    const decided = await act(id, 'decide', as.finance, { outcome: 'rejected', note: 'The invoice says 79.00.' });
    expect([decided.status, decided.body.status, decided.body.outcome]).toEqual([200, 'decided', 'rejected']);
    const { body } = await edges.call('GET', `/v1/disputes/${id}`, { as: as.partner });
    expect(stepsOf(body, 'position', 'kind', 'by', 'text', 'outcome', 'entry')).toEqual([
      [1, 'opened', 'partner', complaint.statement, null, 'held'],
      [2, 'taken', 'staff', null, null, null],
      [3, 'noted', 'staff', 'Which order is it?', null, null],
      [4, 'noted', 'partner', 'The one of Monday.', null, null],
      [5, 'decided', 'staff', 'The invoice says 79.00.', 'rejected', 'lifted'],
    ]);
    expect([body.ownerId, body.steps[1].userId]).toEqual([null, null]);
    const told = await toldOf(people[1]!);
    expect(told).toEqual([
      ['DisputeOpened', expect.objectContaining({ disputeId: id, commissionId, userId: people[1], hold: 'held' })],
      ['DisputeDecided', expect.objectContaining({ disputeId: id, outcome: 'rejected', decidedAt: day(31) })],
    ]);
    const { status, availableAt, decisions, changes } = await commission();
    expect([status, availableAt]).toEqual(['pending', day(41).toISOString()]);
    expect(decisions.map(({ reason }: { reason: string }) => reason)).toEqual([
      `Dispute ${id}: opened.`,
      `Dispute ${id}: rejected.`,
    ]);
    expect(changes.map(({ reason }: { reason: string }) => reason)).toEqual(['dispute', 'lifted']);
  });

  it('takes it back, and may question the same again; one dispute at a time', async () => {
    const { tenantId, as, open, act, commission } = await story();
    const [one, two] = await Promise.all([open(), open()]);
    expect(new Set([one.status, two.status])).toEqual(new Set([201, 409]));
    const { id } = one.status === 201 ? one.body : two.body;
    const before = await rows(tenantId);
    expect((await open()).body.code).toBe('DISPUTE_OPEN');
    expect(await rows(tenantId)).toBe(before);
    const withdrawn = await act(id, 'withdraw', as.partner);
    expect(withdrawn.body).toMatchObject({ status: 'decided', outcome: 'withdrawn' });
    expect((await commission()).status).toBe('pending');
    for (const [what, caller, body] of [
      ['withdraw', as.partner, undefined],
      ['notes', as.partner, { note: 'late' }],
      ['take', as.support, undefined],
      ['decide', as.finance, { outcome: 'upheld', note: 'late' }],
    ] as const) {
      const { status, body: answer } = await act(id, what, caller, body);
      expect([what, status, answer.code]).toEqual([what, 409, 'DISPUTE_DECIDED']);
    }
    expect((await open()).status).toBe(201);
  });

  it('is told that what is available already is not held, and the decision moves nothing', async () => {
    const { as, open, act, commission } = await story();
    engine.clock.set(day(31));
    await release();
    const { body } = await open();
    expect([body.hold, body.steps[0].entry]).toEqual(['already_available', 'unchanged']);
    await act(body.id, 'take', as.finance);
    const forfeit = await act(body.id, 'decide', as.finance, { outcome: 'upheld', note: 'so', forfeit: true });
    expect([forfeit.status, forfeit.body.code]).toEqual([409, 'COMMISSION_RELEASED']);
    const decided = await act(body.id, 'decide', as.finance, { outcome: 'upheld', note: 'A refund was corrected.' });
    expect(decided.body.steps.at(-1)).toMatchObject({ outcome: 'upheld', entry: 'unchanged' });
    expect(await commission()).toMatchObject({ status: 'available', decisions: [] });
  });

  it('is refused another’s commission, another’s dispute and what nobody could read; nothing is written', async () => {
    const { tenantId, people, key, as, second, open, act } = await story();
    expect((await open({ commissionId: second })).status).toBe(403);
    expect((await open({}, as.finance)).status).toBe(403);
    expect((await open({}, key)).status).toBe(403);
    expect((await open({ commissionId: engine.newId() })).status).toBe(404);
    const elsewhere = await edges.person(engine.newTenant(), people[1]!);
    expect((await open({}, elsewhere)).status).toBe(404);
    const evidence = (each: object) => ({ evidence: [{ name: 'x', ...each }] });
    for (const wrong of [
      { statement: ' ' },
      { statement: 'x'.repeat(4_001) },
      { statement: 'a\u0001b' },
      { kind: 'mood' },
      { more: 1 },
      evidence({}),
      evidence({ url: 'https://a.example', text: 'both' }),
      evidence({ url: 'javascript:alert(1)' }),
      evidence({ url: 'http://a.example' }),
      { evidence: Array.from({ length: 11 }, () => ({ name: 'x', text: 'x' })) },
    ]) {
      const { status, body } = await open(wrong);
      expect([wrong, status, body.errors?.length > 0]).toEqual([wrong, 400, true]);
    }
    expect(await rows(tenantId)).toBe(0n);
    const { id } = (await open()).body;
    const before = await rows(tenantId);
    for (const what of ['withdraw', 'notes']) {
      expect((await act(id, what, as.other, what === 'notes' ? { note: 'mine' } : undefined)).status).toBe(403);
    }
    expect((await act(id, 'withdraw', as.finance)).status).toBe(403);
    expect((await act(id, 'take', as.partner)).status).toBe(403);
    expect((await act(id, 'decide', as.support, { outcome: 'upheld', note: 'x' })).status).toBe(403);
    expect((await edges.call('GET', `/v1/disputes/${id}`, { as: as.other })).status).toBe(403);
    expect((await edges.call('GET', `/v1/disputes/${id}`, { as: elsewhere })).status).toBe(404);
    expect((await edges.call('GET', `/v1/disputes?openedBy=${people[1]}`, { as: as.other })).status).toBe(403);
    expect((await act(id, 'decide', as.finance, { outcome: 'upheld', note: 'x' })).body.code).toBe('DISPUTE_NOT_TAKEN');
    expect(await rows(tenantId)).toBe(before);
  });
});

describe('Finance', () => {
  it('upholds by forfeiting what should not be, and decides nothing about its own', async () => {
    const { tenantId, people, as, open, act, commission } = await story();
    const { id } = (await open({ kind: 'other', statement: 'This was my own order.' })).body;
    const self = await edges.person(tenantId, people[1]!, ['finance']);
    expect((await act(id, 'take', self)).status).toBe(403);
    await act(id, 'take', as.support);
    expect((await act(id, 'decide', self, { outcome: 'upheld', note: 'mine' })).status).toBe(403);
    expect((await act(id, 'take', as.finance)).body.steps).toHaveLength(3);
    expect((await act(id, 'take', as.finance)).body.steps).toHaveLength(3);
    await act(id, 'decide', as.finance, { outcome: 'upheld', note: 'Thank you.', forfeit: true });
    expect(await commission()).toMatchObject({ status: 'forfeited', net: usd('0.00') });
    const { body } = await edges.call('GET', `/v1/disputes/${id}`, { as: as.finance });
    expect(body.steps.at(-1)).toMatchObject({ entry: 'forfeited', userId: expect.any(String) });
  });

  it('lists what there is to decide, by status and deadline; a partner only the own', async () => {
    const { people, as, second, open, act } = await story();
    const first = (await open()).body.id;
    engine.clock.set(day(5));
    const other = (await open({ commissionId: second }, as.other)).body.id;
    await act(other, 'take', as.support);
    const list = async (query: string, caller: string) =>
      (await edges.call('GET', `/v1/disputes${query}`, { as: caller })).body.items.map(({ id }: { id: string }) => id);
    expect(await list('', as.finance)).toEqual([other, first]);
    expect(await list('?pageSize=1', as.support)).toEqual([other]);
    expect(await list('?status=open', as.finance)).toEqual([first]);
    expect(await list(`?openedBy=${people[2]}`, as.finance)).toEqual([other]);
    expect(await list('', as.partner)).toEqual([first]);
    engine.clock.set(day(14));
    expect(await list('?overdue=true', as.finance)).toEqual([first]);
  });
});

describe('A dispute', () => {
  it('past its deadline is escalated once, and the partner sees it', async () => {
    const { as, open, act } = await story();
    const { id } = (await open()).body;
    const steps = async () => (await edges.call('GET', `/v1/disputes/${id}`, { as: as.partner })).body;
    engine.clock.set(new Date(day(14).getTime() - 1));
    await watchDeadlines(edges.runtime);
    expect((await steps()).steps).toHaveLength(1);
    engine.clock.set(day(14));
    const overdue = await countOverdue(engine.pool, day(14));
    await Promise.all([watchDeadlines(edges.runtime), watchDeadlines(edges.runtime)]);
    await watchDeadlines(edges.runtime);
    const body = await steps();
    expect(stepsOf(body, 'kind', 'by', 'userId')).toEqual([
      ['opened', 'partner', expect.any(String)],
      ['escalated', 'system', null],
    ]);
    expect(body.escalatedAt).toBe(day(14).toISOString());
    await act(id, 'withdraw', as.partner);
    expect(await countOverdue(engine.pool, day(14))).toBe(overdue - 1);
  });

  it('outlives a refund of everything, and holds what a chargeback won brings back', async () => {
    const { tenantId, as, open, act, commission, refund } = await story();
    const { id } = (await open({ kind: 'reversal' })).body;
    const refundId = asRefundId(await refund('chargeback'));
    expect((await commission()).status).toBe('reversed');
    await inDatabaseTransaction(engine.pool, (tx) =>
      restoreChargeback(new RefundStore(tx, engine.outbox), { tenantId, refundId, at: engine.clock.now() }),
    );
    expect(await commission()).toMatchObject({ status: 'held', net: usd('15.80') });
    await act(id, 'withdraw', as.partner);
    expect((await commission()).status).toBe('pending');
  });

  it('can be about what was reversed: there is nothing to hold', async () => {
    const { open, refund } = await story();
    await refund('requested');
    expect((await open({ kind: 'reversal' })).body).toMatchObject({ hold: 'nothing_left' });
  });

  it('keeps what people wrote under their own keys: erased with them, while the steps stay', async () => {
    const { tenantId, people, as, open, act } = await story();
    const { id } = (await open()).body;
    await act(id, 'take', as.support);
    await act(id, 'notes', as.support, { note: 'We look into it.' });
    const { rows: texts } = await engine.pool.query<{ sealed: Buffer }>(
      'SELECT sealed FROM dispute_text WHERE tenant_id = $1',
      [tenantId],
    );
    expect(texts.map(({ sealed }) => sealed.includes('97.00'))).toEqual([false, false]);
    const owner = createPool({
      connectionString: engine.ownerUrl,
      max: 1,
      applicationName: 'spec',
      statementTimeoutMs: 5_000,
    });
    await owner.query('DELETE FROM buyer_key WHERE tenant_id = $1 AND user_id = $2', [tenantId, people[1]]);
    await owner.end();
    const { body } = await edges.call('GET', `/v1/disputes/${id}`, { as: as.support });
    expect(stepsOf(body, 'kind', 'text')).toEqual([
      ['opened', null],
      ['taken', null],
      ['noted', 'We look into it.'],
    ]);
    expect(body.steps[0].evidence).toEqual([]);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
