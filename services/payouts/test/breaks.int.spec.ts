import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { asRunId, type TenantId } from '../src/ids.js';
import { saveReconciliation } from '../src/reconciliation/books.store.js';
import type { Break } from '../src/reconciliation/break-case.js';
import { oldestBreakSeconds } from '../src/reconciliation/break-case.store.js';
import type { Reconciliation } from '../src/reconciliation/reconcile-tenant.js';
import { reconcileAsked } from '../src/reconciliation/reconciliation.module.js';
import { type Books, startBooks, statesOf } from './books.js';
import { type Edges, startEdges } from './edges.js';
import type { Life } from './lives.js';

const MINUTE = 60_000;
let books: Books;
let edges: Edges;
let owner: ReturnType<typeof createPool>;
let lives: Life[] = [];

beforeAll(async () => {
  books = await startBooks();
  owner = createPool({ connectionString: books.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  edges = await startEdges(books, { states: statesOf(() => lives) });
});

afterAll(async () => {
  await edges.stop();
  await owner.end();
  await books.stop();
});

const LIST = '/v1/reconciliation/breaks';

interface Case {
  readonly tenantId: TenantId;
  readonly finance: string;
  readonly life: Life;
}

async function someBooks(): Promise<Case> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  const life = await books.earn(tenantId, personId, '100.00');
  lives = [life];
  return { tenantId, life, finance: await edges.person(tenantId, books.newPerson(), ['finance']) };
}

/** A run as finance asks for one: a minute later than whatever was before. */
async function run({ finance }: Case): Promise<void> {
  books.clock.advance(MINUTE);
  expect((await edges.call('POST', '/v1/reconciliation/runs', { as: finance })).status).toBe(202);
  const quiet = { ...edges.runtime, logger: { ...edges.runtime.logger, error: () => undefined } as never };
  expect(await reconcileAsked(quiet, new AbortController().signal)).toBe(true);
  expect(await reconcileAsked(quiet, new AbortController().signal)).toBe(false);
}

/** Moves what the ledger thinks of the purchase away from viral-engine’s word, and back. */
async function tamper({ tenantId }: Case, deltaMicros: number): Promise<void> {
  const { rowCount } = await owner.query(
    "UPDATE purchase_entry SET net_micros = net_micros + $2 WHERE tenant_id = $1 AND status = 'available'",
    [tenantId, deltaMicros],
  );
  expect(rowCount).toBe(1);
}

const list = async ({ finance }: Case, query = '') =>
  (await edges.call('GET', `${LIST}${query}`, { as: finance })).body.items;
const read = async ({ finance }: Case, id: string) => (await edges.call('GET', `${LIST}/${id}`, { as: finance })).body;
const kinds = ({ steps }: { steps: { kind: string }[] }) => steps.map(({ kind }) => kind);

describe('A break', () => {
  it('is one case over all runs that find it, and ends with the first that does not', async () => {
    const mine = await someBooks();
    await run(mine);
    expect(await list(mine)).toEqual([]);
    await tamper(mine, -1);
    await run(mine);
    const openedAt = books.clock.now().toISOString();
    await run(mine);
    const [ofPurchase, ofPerson, ...more] = (await list(mine)).toSorted((a: Break, b: Break) =>
      a.subject < b.subject ? 1 : -1,
    );
    expect(more).toEqual([]);
    expect(ofPurchase).toMatchObject({
      invariant: 'I4',
      subject: `purchase ${mine.life.purchaseId}`,
      detail: expect.stringContaining('99999999 micros'),
      status: 'open',
      ownerId: null,
      openedAt,
      lastSeenAt: books.clock.now().toISOString(),
      timesSeen: 2,
    });
    expect(ofPerson).toMatchObject({ invariant: 'I4', subject: expect.stringMatching(/^person .* USD$/) });
    expect(await oldestBreakSeconds(books.pool, books.clock.now())).toBe(60);
    await tamper(mine, 1);
    mine.life.refund(1_000_000n);
    books.clock.advance(MINUTE);
    await books.live(mine.life);
    await run(mine);
    expect(await list(mine)).toEqual([]);
    const resolved = await read(mine, ofPurchase.id);
    expect(resolved).toMatchObject({ status: 'resolved', resolvedAt: books.clock.now().toISOString() });
    expect(kinds(resolved)).toEqual(['opened', 'resolved']);
    // The journals about the purchase since: the refund’s reversal.
    const { rows } = await books.pool.query<{ id: string }>(
      "SELECT id FROM journal WHERE tenant_id = $1 AND event_type = 'CommissionsReversed'",
      [mine.tenantId],
    );
    expect(resolved.steps[1].journalIds).toEqual(rows.map(({ id }) => id));
    expect((await read(mine, ofPerson.id)).steps[1].journalIds).toEqual(rows.map(({ id }) => id));
    expect(await oldestBreakSeconds(books.pool, books.clock.now())).toBe(0);
    await tamper(mine, -1);
    await run(mine);
    const again = await list(mine);
    expect(again.map(({ timesSeen }: { timesSeen: number }) => timesSeen)).toEqual([1, 1]);
    expect(again.map(({ id }: { id: string }) => id)).not.toContain(ofPurchase.id);
    expect(await list(mine, '?status=resolved')).toHaveLength(2);
  });

  it('is taken, noted and answered for; only the books resolve it', async () => {
    const mine = await someBooks();
    await tamper(mine, -1);
    await run(mine);
    const [{ id }] = await list(mine, '?pageSize=1');
    const act = (step: string, body?: object) =>
      edges.call('POST', `${LIST}/${id}/${step}`, { as: mine.finance, body });
    const taken = await act('take');
    expect([taken.status, taken.body.status]).toEqual([200, 'open']);
    expect(taken.body.ownerId).toBe(taken.body.steps[1].userId);
    expect(await list(mine, `?ownerId=${taken.body.ownerId}`)).toHaveLength(1);
    expect((await act('notes', { note: ' looked at it ' })).body.steps[2]).toMatchObject({
      kind: 'noted',
      text: 'looked at it',
    });
    const { rows } = await books.pool.query<{ id: string }>('SELECT id FROM journal WHERE tenant_id = $1 LIMIT 1', [
      mine.tenantId,
    ]);
    const body = { outcome: 'corrected', journalIds: [rows[0]!.id], reason: 'should be right now' };
    expect((await act('resolve', body)).body).toMatchObject({ status: 'corrected' });
    expect(await list(mine)).toHaveLength(2);
    await run(mine);
    const found = await read(mine, id);
    expect([found.status, found.answeredAt]).toEqual(['open', null]);
    expect(kinds(found)).toEqual(['opened', 'taken', 'noted', 'corrected', 'found_again']);
    expect((await act('resolve', { outcome: 'accepted', reason: 'we live with it' })).body.status).toBe('accepted');
    await run(mine);
    expect(await list(mine, '?status=accepted')).toEqual([expect.objectContaining({ id, timesSeen: 3 })]);
    expect((await list(mine)).map((each: { id: string }) => each.id)).toContain(id);
    await tamper(mine, 1);
    await run(mine);
    expect(await list(mine)).toEqual([]);
    for (const [step, input] of [
      ['take', undefined],
      ['notes', { note: 'too late' }],
      ['resolve', { outcome: 'accepted', reason: 'too late' }],
    ] as const) {
      const { status, body: problem } = await act(step, input);
      expect([status, problem.code]).toEqual([409, 'BREAK_RESOLVED']);
    }
  });

  it('does once what is asked twice with one key', async () => {
    const mine = await someBooks();
    await tamper(mine, -1);
    await run(mine);
    const [{ id }] = await list(mine);
    const call = { as: mine.finance, body: { note: 'once' }, key: books.newId() };
    const [first, second] = [
      await edges.call('POST', `${LIST}/${id}/notes`, call),
      await edges.call('POST', `${LIST}/${id}/notes`, call),
    ];
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    expect(kinds(await read(mine, id))).toEqual(['opened', 'noted']);
  });

  it.each([
    ['notes', {}, 'note'],
    ['notes', { note: '  ' }, 'note'],
    ['resolve', { outcome: 'accepted' }, 'reason'],
    ['resolve', { outcome: 'accepted', reason: 'x', journalIds: [] }, 'journalIds'],
    ['resolve', { outcome: 'corrected', reason: 'x', journalIds: [] }, 'journalIds'],
    ['resolve', { outcome: 'corrected', reason: 'x', journalIds: ['x'] }, 'journalIds.0'],
    ['resolve', { outcome: 'resolved', reason: 'x' }, 'outcome'],
    [
      'resolve',
      { outcome: 'corrected', reason: 'x', journalIds: ['00000000-0000-7000-8000-00000000dead'] },
      'journalIds.0',
    ],
  ])('refuses %s %j, and nothing is written', async (step, body, path) => {
    const mine = await someBooks();
    await tamper(mine, -1);
    await run(mine);
    const [{ id }] = await list(mine);
    const { status, body: problem } = await edges.call('POST', `${LIST}/${id}/${step}`, { as: mine.finance, body });
    expect([status, problem.code, problem.errors.map((each: { path: string }) => each.path)]).toEqual([
      400,
      'VALIDATION_FAILED',
      [path],
    ]);
    expect(kinds(await read(mine, id))).toEqual(['opened']);
  });

  it('is looked at by support, touched by finance, and no matter of partners', async () => {
    const mine = await someBooks();
    await tamper(mine, -1);
    await run(mine);
    const [{ id }] = await list(mine);
    const [support, partner] = [
      await edges.person(mine.tenantId, books.newPerson(), ['support']),
      await edges.person(mine.tenantId, books.newPerson()),
    ];
    const statuses = async (as: string) => [
      (await edges.call('GET', LIST, { as })).status,
      (await edges.call('GET', `${LIST}/${id}`, { as })).status,
      (await edges.call('GET', '/v1/reconciliation/runs', { as })).status,
      (await edges.call('POST', '/v1/reconciliation/runs', { as })).status,
      (await edges.call('POST', `${LIST}/${id}/take`, { as })).status,
      (await edges.call('POST', `${LIST}/${id}/notes`, { as, body: { note: 'x' } })).status,
      (await edges.call('POST', `${LIST}/${id}/resolve`, { as, body: { outcome: 'accepted', reason: 'x' } })).status,
    ];
    expect(await statuses(support)).toEqual([200, 200, 200, 403, 403, 403, 403]);
    expect(await statuses(partner)).toEqual([403, 403, 403, 403, 403, 403, 403]);
  });
});

describe('Runs', () => {
  it('are listed newest first; while one waits, who asks for another waits for the same', async () => {
    const mine = await someBooks();
    await run(mine);
    await tamper(mine, -1);
    await run(mine);
    const first = await edges.call('GET', '/v1/reconciliation/runs?pageSize=1', { as: mine.finance });
    expect(first.body.items).toMatchObject([{ outcome: 'breaks', breaks: 2, purchasesCompared: 1 }]);
    const path = `/v1/reconciliation/runs?pageSize=1&pageToken=${first.body.nextPageToken}`;
    const second = await edges.call('GET', path, { as: mine.finance });
    expect(second.body).toMatchObject({ items: [{ outcome: 'balanced', breaks: 0 }] });
    expect(second.body.nextPageToken).toBeUndefined();
    const ask = async () => (await edges.call('POST', '/v1/reconciliation/runs', { as: mine.finance })).body.id;
    expect(await ask()).toBe(await ask());
    await run(mine);
  });
});

describe('The break queue', () => {
  const broken = (subject: string): Break => ({ invariant: 'I2', subject, detail: 'x' });
  const save = async (tenantId: TenantId, other: Partial<Reconciliation>) => {
    const now = books.clock.now();
    const sound = { outcome: 'breaks', compared: 0, inFlight: 0, incomplete: new Set(), breaks: [] } as const;
    const done = { ...sound, id: asRunId(books.newId()), tenantId, startedAt: now, finishedAt: now, ...other };
    await inDatabaseTransaction(books.pool, (tx) => saveReconciliation(tx, done as Reconciliation, books.newId));
    const { rows } = await books.pool.query<{ subject: string }>(
      "SELECT subject FROM break_case WHERE tenant_id = $1 AND status <> 'resolved' ORDER BY subject",
      [tenantId],
    );
    return rows.map(({ subject }) => subject);
  };

  it('ends no case by a run that failed, that saw a part only, or that began before another', async () => {
    const tenantId = books.newTenant();
    expect(await save(tenantId, { breaks: [broken('table a'), broken('table b')] })).toEqual(['table a', 'table b']);
    expect(await save(tenantId, { outcome: 'failed' })).toEqual(['table a', 'table b']);
    const part = { breaks: [broken('table a')], incomplete: new Set(['I2' as const]) };
    expect(await save(tenantId, part)).toEqual(['table a', 'table b']);
    const before = new Date(books.clock.now().getTime() - MINUTE);
    expect(await save(tenantId, { startedAt: before, breaks: [broken('table c')] })).toEqual(['table a', 'table b']);
    expect(await save(tenantId, { breaks: [broken('table b')] })).toEqual(['table b']);
  });

  it('holds more than a run writes down of its own', async () => {
    const tenantId = books.newTenant();
    const breaks = Array.from({ length: 300 }, (_, n) => broken(`table ${n}`));
    expect(await save(tenantId, { breaks })).toHaveLength(300);
  });
});
