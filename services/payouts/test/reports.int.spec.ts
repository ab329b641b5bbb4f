import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import type { TenantId, UserId } from '../src/ids.js';
import { lastSettledDay } from '../src/reconciliation/day.js';
import type { DayReport } from '../src/reconciliation/day-report.js';
import { reconcileAll } from '../src/reconciliation/reconcile-all.js';
import { reconciliation, reportDays } from '../src/reconciliation/reconciliation.module.js';
import { type Books, startBooks, statesOf } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { type Life, START } from './lives.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const REPORTS = '/v1/reconciliation/reports';
let books: Books;
let edges: Edges;
let owner: ReturnType<typeof createPool>;
const lives: Life[] = [];

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

interface Case {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly finance: string;
}

async function someone(): Promise<Case> {
  books.clock.set(START);
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  return { tenantId, personId, finance: await edges.person(tenantId, books.newPerson(), ['finance']) };
}

/** What the leased job does in one round. */
async function round({ tenantId }: Case): Promise<void> {
  const runtime = { ...edges.runtime, logger: { ...edges.runtime.logger, error: () => undefined } as never };
  const tenants = () => Promise.resolve([tenantId]);
  await reconcileAll({ ...reconciliation(runtime), tenants }, new AbortController().signal);
  await reportDays(runtime, [tenantId]);
}

const read = async ({ finance }: Case, day: string): Promise<DayReport> =>
  (await edges.call('GET', `${REPORTS}/${day}`, { as: finance })).body;
const days = async ({ finance }: Case): Promise<string[]> =>
  (await edges.call('GET', REPORTS, { as: finance })).body.items.map(({ day }: { day: string }) => day);

describe('The report of a day', () => {
  it('tells what moved, what stood before and after, and that all is balanced', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    lives.push(await books.earn(tenantId, personId, '100.00'));
    books.clock.advance(DAY);
    lives.push(await books.earn(tenantId, personId, '50.00'));
    const methodId = await books.addMethod(tenantId, personId);
    await books.request({ tenantId, personId, methodId, amount: '30.00' });
    await books.work();
    books.clock.advance(DAY);
    // What comes after the day is no matter of the day.
    lives.push(await books.earn(tenantId, personId, '7.00'));
    await round(me);
    expect(await days(me)).toEqual(['2026-06-02']);
    const report = await read(me, '2026-06-02');
    expect(report).toMatchObject({
      tenantId,
      outcome: 'balanced',
      run: { purchasesCompared: lives.length, purchasesInFlight: 0 },
      breaks: [],
      sources: expect.arrayContaining([
        { name: 'viral-engine', compared: lives.length, upTo: books.clock.now().toISOString() },
      ]),
    });
    const [usd, ...more] = report.currencies;
    expect(more).toEqual([]);
    expect(usd).toMatchObject({
      currency: 'USD',
      totals: { accrued: '50.00', released: '50.00', reversed: '0.00', requested: '30.00', paid: '30.00' },
    });
    const account = (kind: string) => usd!.accounts.find((each) => each.kind === kind);
    expect(account('available')).toEqual({
      kind: 'available',
      opening: '100.00',
      credits: '50.00',
      debits: '-30.00',
      closing: '120.00',
    });
    expect(account('in_transit')).toMatchObject({
      opening: '0.00',
      credits: '30.00',
      debits: '-30.00',
      closing: '0.00',
    });
    expect(account('cash')).toMatchObject({ opening: '0.00', closing: '30.00' });
    expect(account('commission_expense')).toMatchObject({ opening: '-100.00', closing: '-150.00' });
  });

  it('begins with what the day before ended with, also when days were missed', async () => {
    const me = await someone();
    const life = await books.earn(me.tenantId, me.personId, '100.00');
    lives.push(life);
    books.clock.set(new Date('2026-06-02T00:15:00Z'));
    await round(me);
    expect(await days(me)).toEqual(['2026-06-01']);
    books.clock.advance(DAY);
    life.refund(1_000_000n);
    await books.live(life);
    books.clock.advance(2 * DAY);
    await round(me);
    await round(me);
    expect(await days(me)).toEqual(['2026-06-04', '2026-06-03', '2026-06-02', '2026-06-01']);
    const reports = (await Promise.all((await days(me)).map((day) => read(me, day)))).toReversed();
    for (const [n, report] of reports.entries()) {
      if (n === 0) continue;
      const before = reports[n - 1]!.currencies[0]!.accounts;
      const opening = report.currencies[0]!.accounts.map(({ kind, opening: amount }) => [kind, amount]);
      expect(opening).toEqual(before.map(({ kind, closing }) => [kind, closing]));
    }
    expect(reports.map(({ currencies }) => currencies[0]!.totals.reversed)).toEqual(['0.00', '0.00', '0.50', '0.00']);
  });

  it('lists every break with age and owner, accepted ones too, for as long as they stand', async () => {
    const me = await someone();
    lives.push(await books.earn(me.tenantId, me.personId, '100.00'));
    const tamper = (micros: number) =>
      owner.query(
        "UPDATE purchase_entry SET net_micros = net_micros + $2 WHERE tenant_id = $1 AND status = 'available'",
        [me.tenantId, micros],
      );
    await tamper(-1);
    await round(me);
    const { items } = (await edges.call('GET', '/v1/reconciliation/breaks', { as: me.finance })).body;
    const [{ id }] = items;
    const body = { outcome: 'accepted', reason: 'a micro' };
    await edges.call('POST', `/v1/reconciliation/breaks/${id}/resolve`, { as: me.finance, body });
    books.clock.set(new Date('2026-06-02T00:20:00Z'));
    await round(me);
    const report = await read(me, '2026-06-01');
    expect(report).toMatchObject({ outcome: 'breaks', breaksOpened: 2, breaksResolved: 0 });
    expect(report.breaks).toHaveLength(2);
    expect(report.breaks.find((each) => each.id === id)).toMatchObject({
      status: 'accepted',
      ownerId: expect.any(String),
      ageHours: 12,
    });
    expect(report.breaks.find((each) => each.id !== id)).toMatchObject({ status: 'open', ownerId: null });
    await tamper(1);
    books.clock.set(new Date('2026-06-03T00:20:00Z'));
    await round(me);
    expect(await read(me, '2026-06-02')).toMatchObject({ outcome: 'balanced', breaks: [] });
    // What was told stays told.
    expect(await read(me, '2026-06-01')).toEqual(report);
  });

  it('can be read as text', async () => {
    const me = await someone();
    lives.push(await books.earn(me.tenantId, me.personId, '100.00'));
    books.clock.set(new Date('2026-06-02T00:15:00Z'));
    await round(me);
    const { type, text } = await edges.text(`${REPORTS}/2026-06-01?format=text`, me.finance);
    expect(type).toBe('text/plain; charset=utf-8');
    expect(text).toContain(`Reconciliation of 2026-06-01 (UTC), tenant ${me.tenantId}`);
    expect(text).toContain('BALANCED');
    expect(text).toMatch(/^ {2}accrued +100\.00$/m);
    expect(text).toMatch(/^ {2}available +0\.00 +100\.00 +0\.00 +100\.00$/m);
  });

  it('waits for a comparison that was begun after the day and was finished', async () => {
    const me = await someone();
    lives.push(await books.earn(me.tenantId, me.personId, '1.00'));
    await round(me);
    const before = await days(me);
    expect(before).toEqual(['2026-05-31']);
    books.clock.set(new Date('2026-06-02T00:14:59Z'));
    await round(me);
    expect(await days(me)).toEqual(before);
    books.clock.set(new Date('2026-06-02T00:15:00Z'));
    await reportDays(edges.runtime, [me.tenantId]);
    expect(await days(me)).toEqual(before);
    await round(me);
    expect(await days(me)).toEqual(['2026-06-01', ...before]);
  });
});

describe('POST /v1/reconciliation/reports', () => {
  it('makes the report of a past day, once', async () => {
    const me = await someone();
    const make = (day: string) => edges.call('POST', REPORTS, { as: me.finance, body: { day } });
    lives.push(await books.earn(me.tenantId, me.personId, '1.00'));
    const early = await make('2026-05-20');
    expect([early.status, early.body.code]).toEqual([409, 'CONFLICT']);
    await round(me);
    const first = await make('2026-05-20');
    expect(first).toMatchObject({ status: 200, body: { day: '2026-05-20', outcome: 'balanced' } });
    books.clock.advance(MINUTE);
    expect((await make('2026-05-20')).body).toEqual(first.body);
    expect(await read(me, '2026-05-20')).toEqual(first.body);
  });

  it.each(['2026-06-01', '2026-06-02', '2026-02-30', '', 7])('refuses %p', async (day) => {
    const { status, body } = await edges.call('POST', REPORTS, { as: (await someone()).finance, body: { day } });
    expect([status, body.code, body.errors[0].path]).toEqual([400, 'VALIDATION_FAILED', 'day']);
  });

  it('is for finance; support reads, and nobody else', async () => {
    const { tenantId } = await someone();
    const day = lastSettledDay(START).text;
    const statuses = async (as: string) => [
      (await edges.call('GET', REPORTS, { as })).status,
      (await edges.call('GET', `${REPORTS}/${day}`, { as })).status,
      (await edges.call('POST', REPORTS, { as, body: { day } })).status,
    ];
    expect(await statuses(await edges.person(tenantId, books.newPerson(), ['support']))).toEqual([200, 404, 403]);
    expect(await statuses(await edges.person(tenantId, books.newPerson()))).toEqual([403, 403, 403]);
  });
});
