import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { sourceHooks } from '@dailydoco/testing';
import { asRunId, type TenantId, type UserId } from '../src/ids.js';
import { listTenants, saveReconciliation } from '../src/reconciliation/books.store.js';
import { lastSettledDay } from '../src/reconciliation/day.js';
import { mergeBreaks } from '../src/reconciliation/break-case.js';
import { reconcileAll } from '../src/reconciliation/reconcile-all.js';
import type { PurchaseStates, Reconciliation } from '../src/reconciliation/reconcile-tenant.js';
import { reconciliation } from '../src/reconciliation/reconciliation.module.js';
import { ViralEngineStates } from '../src/reconciliation/viral-engine.client.js';
import { type Books, startBooks, statesOf } from './books.js';
import { type Edges, specEnv, startEdges } from './edges.js';
import { Life, START } from './lives.js';
import { PROTO_STATUS } from './wire.js';

const MINUTE = 60_000;
let books: Books;
let edges: Edges;
let owner: ReturnType<typeof createPool>;
let lives: Life[] = [];
let states: PurchaseStates;

beforeAll(async () => {
  books = await startBooks();
  owner = createPool({ connectionString: books.ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
  edges = await startEdges(books, { states: { page: (tenantId, token) => states.page(tenantId, token) } });
});

afterAll(async () => {
  await edges.stop();
  await owner.end();
  await books.stop();
});

interface Case {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly life: Life;
}

/** A tenant whose books hold a released purchase and a settled payout, and viral-engine knows it all. */
async function sound(): Promise<Case> {
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  const life = await books.earn(tenantId, personId, '100.00');
  const pending = new Life({ tenantId, amountMicros: 100n, shares: [{ beneficiaryId: personId, micros: 20n }] });
  await books.live(pending);
  const methodId = await books.addMethod(tenantId, personId);
  await books.request({ tenantId, personId, methodId, amount: '30.00' });
  await books.work();
  lives = [life, pending];
  states = statesOf(() => lives);
  return { tenantId, personId, life };
}

/** Reconciles all tenants by what the service itself uses, and tells of one. */
async function reconcile(tenantId: TenantId): Promise<Reconciliation> {
  const given = reconciliation({
    ...edges.runtime,
    logger: { ...edges.runtime.logger, error: () => undefined } as never,
  });
  const runs = await reconcileAll(
    { ...given, tenants: () => Promise.resolve([tenantId]) },
    new AbortController().signal,
  );
  expect(runs).toHaveLength(1);
  return runs[0]!;
}

const savedOf = async (tenantId: TenantId) => {
  const { rows } = await books.pool.query(
    `SELECT r.outcome, r.purchases_compared, r.purchases_in_flight, r.breaks,
            (SELECT count(*)::int FROM reconciliation_break b WHERE b.tenant_id = r.tenant_id AND b.run_id = r.id) AS lines
     FROM reconciliation_run r WHERE r.tenant_id = $1 ORDER BY r.id DESC LIMIT 1`,
    [tenantId],
  );
  return rows[0];
};

/** Changes what cannot be changed, as somebody with the owner's password could. */
async function tamper(table: string, sql: string, values: unknown[]): Promise<void> {
  await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  try {
    const { rowCount } = await owner.query(sql, values);
    expect(rowCount).toBeGreaterThan(0);
  } finally {
    await owner.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  }
}

describe('Reconciliation', () => {
  it('says balanced, and writes it down', async () => {
    const { tenantId } = await sound();
    expect(await reconcile(tenantId)).toMatchObject({ outcome: 'balanced', compared: 2, inFlight: 0, breaks: [] });
    expect(await savedOf(tenantId)).toEqual({
      outcome: 'balanced',
      purchases_compared: 2,
      purchases_in_flight: 0,
      breaks: 0,
      lines: 0,
    });
  });

  it('compares tenants that have a ledger, and those that identity told of', async () => {
    const { tenantId } = await sound();
    expect(await listTenants(books.pool)).toContain(tenantId);
    const empty = books.newTenant();
    expect(await reconcile(empty)).toMatchObject({ outcome: 'balanced', compared: 0 });
  });

  it('writes down that it could not be finished', async () => {
    const { tenantId } = await sound();
    states = { page: () => Promise.reject(new Error('viral-engine is away')) };
    expect(await reconcile(tenantId)).toMatchObject({ outcome: 'failed' });
    expect(await savedOf(tenantId)).toMatchObject({ outcome: 'failed', breaks: 0 });
  });
});

/** What somebody does to the books, and which invariants break by it; $1 is the tenant. */
const BREAKS: [what: string, table: string, sql: string, invariants: string[], subject: string][] = [
  [
    'a posting was changed',
    'posting',
    'UPDATE posting SET amount_micros = amount_micros + 1 WHERE (tenant_id, journal_id, account_id) = (SELECT tenant_id, journal_id, account_id FROM posting WHERE tenant_id = $1 LIMIT 1)',
    ['I1', 'I2'],
    'journal',
  ],
  [
    'the postings of a journal were deleted',
    'posting',
    "DELETE FROM posting WHERE tenant_id = $1 AND journal_id = (SELECT id FROM journal WHERE tenant_id = $1 AND event_type = 'CommissionsReleased')",
    ['I1', 'I2'],
    'journal',
  ],
  [
    'postings belong to no journal',
    'posting',
    'INSERT INTO posting (tenant_id, journal_id, account_id, amount_micros, position) SELECT $1, gen_random_uuid(), id, 0 + n, 10000 FROM (SELECT id, row_number() OVER () * 2 - 3 AS n FROM account WHERE tenant_id = $1 LIMIT 2) AS two',
    ['I1', 'I2'],
    'journal',
  ],
  [
    'a balance was changed',
    'account_balance',
    "UPDATE account_balance SET balance_micros = balance_micros + 1 WHERE tenant_id = $1 AND account_id = (SELECT id FROM account WHERE tenant_id = $1 AND kind = 'available')",
    ['I2', 'I4'],
    'account',
  ],
  [
    'a balance of the house was changed',
    'account_balance',
    "UPDATE account_balance SET balance_micros = balance_micros - 1 WHERE tenant_id = $1 AND account_id = (SELECT id FROM account WHERE tenant_id = $1 AND kind = 'cash')",
    ['I2'],
    'account',
  ],
  [
    'what a purchase pays was changed',
    'purchase_entry',
    "UPDATE purchase_entry SET net_micros = net_micros - 1 WHERE tenant_id = $1 AND status = 'available'",
    ['I4'],
    'person',
  ],
  [
    'a commission was moved',
    'purchase_entry',
    "UPDATE purchase_entry SET status = 'held' WHERE tenant_id = $1 AND status = 'pending'",
    ['I4'],
    'person',
  ],
  [
    'the house’s share was raised',
    'purchase_progress',
    'UPDATE purchase_progress SET amount_micros = amount_micros + 1, house_micros = amount_micros WHERE tenant_id = $1',
    ['I5'],
    'purchase',
  ],
  [
    'a step was booked nowhere',
    'payout_step',
    "INSERT INTO payout_step SELECT tenant_id, id, 'returned', NULL, now() FROM payout WHERE tenant_id = $1",
    ['I6'],
    'payout',
  ],
  [
    'a payout was called settled a second time',
    'payout',
    "INSERT INTO payout SELECT tenant_id, gen_random_uuid(), person_id, method_id, amount_micros, currency, requested_at, 'settled', NULL, now(), NULL, 0 FROM payout WHERE tenant_id = $1",
    ['I4', 'I6'],
    'person',
  ],
  [
    'a settled payout was called failed',
    'payout',
    "UPDATE payout SET status = 'failed' WHERE tenant_id = $1",
    ['I4', 'I6'],
    'person',
  ],
];

describe('Reconciliation finds', () => {
  it.each(BREAKS)('that %s', async (_, table, sql, invariants, subject) => {
    const { tenantId } = await sound();
    expect(await books.breaks(tenantId)).toEqual([]);
    await tamper(table, sql, [tenantId]);
    const found = await books.breaks(tenantId);
    expect([...new Set(found.map(({ invariant }) => invariant))]).toEqual(invariants);
    expect(found[0]!.subject).toMatch(new RegExp(`^${subject} `));
    const run = await reconcile(tenantId);
    expect(run.outcome).toBe('breaks');
    expect(run.breaks).toEqual(expect.arrayContaining(mergeBreaks(found)));
    expect(await savedOf(tenantId)).toMatchObject({
      outcome: 'breaks',
      breaks: run.breaks.length,
      lines: run.breaks.length,
    });
  });

  it('I3 that rows could be changed: a trigger is off, or a right was granted', async () => {
    const { tenantId } = await sound();
    const { rows } = await books.pool.query<{ app: string }>('SELECT current_user AS app');
    const { app } = rows[0]!;
    for (const [undo, redo] of [
      [
        'ALTER TABLE posting DISABLE TRIGGER posting_append_only',
        'ALTER TABLE posting ENABLE TRIGGER posting_append_only',
      ],
      [`GRANT UPDATE ON posting TO ${app}`, `REVOKE UPDATE ON posting FROM ${app}`],
      [`GRANT DELETE ON posting TO ${app}`, `REVOKE DELETE ON posting FROM ${app}`],
    ] as const) {
      await owner.query(undo);
      expect(await books.breaks(tenantId)).toEqual([
        { invariant: 'I3', subject: 'table posting', detail: 'its rows could be changed or deleted' },
      ]);
      await owner.query(redo);
      expect(await books.breaks(tenantId)).toEqual([]);
    }
  });
});

describe('I4 between the ledger and viral-engine', () => {
  it('breaks when viral-engine has another net or another status', async () => {
    const { tenantId, life } = await sound();
    for (const wrong of [{ netMicros: 1n }, { status: 'held' as const }]) {
      const [entry] = life.entries;
      const right = { ...entry! };
      Object.assign(entry!, wrong);
      const { outcome, breaks } = await reconcile(tenantId);
      expect([outcome, breaks.map(({ subject }) => subject)]).toEqual(['breaks', [`purchase ${life.purchaseId}`]]);
      Object.assign(entry!, right);
    }
    expect((await reconcile(tenantId)).outcome).toBe('balanced');
  });

  it.each([
    [15 * MINUTE, 'balanced', 1],
    [15 * MINUTE + 1, 'breaks', 0],
  ])('waits for events for 15 minutes: after %i ms it is %s', async (ms, outcome, inFlight) => {
    const { tenantId, life } = await sound();
    life.refund(1_000_000n);
    states = statesOf(() => lives, { changedAt: new Date(books.clock.now().getTime() - ms) });
    expect(await reconcile(tenantId)).toMatchObject({ outcome, inFlight });
    await books.live(life);
    expect(await reconcile(tenantId)).toMatchObject({ outcome: 'balanced', inFlight: 0 });
  });

  it('calls a purchase that only the ledger has under way at first, and a break after 15 minutes', async () => {
    const { tenantId, life } = await sound();
    lives = lives.filter((each) => each !== life);
    expect(await reconcile(tenantId)).toMatchObject({ outcome: 'balanced', compared: 1, inFlight: 1 });
    books.clock.advance(15 * MINUTE + 1);
    const { breaks } = await reconcile(tenantId);
    expect(breaks).toEqual([
      { invariant: 'I4', subject: `purchase ${life.purchaseId}`, detail: 'the ledger has it, viral-engine does not' },
    ]);
    books.clock.set(START);
  });

  it('finds the one purchase that is wrong among many pages', async () => {
    const { tenantId, personId } = await sound();
    const more = Array.from(
      { length: 25 },
      () => new Life({ tenantId, amountMicros: 100n, shares: [{ beneficiaryId: personId, micros: 20n }] }),
    );
    await books.live(...more);
    lives.push(...more);
    states = statesOf(() => lives, { pageSize: 3 });
    expect(await reconcile(tenantId)).toMatchObject({ outcome: 'balanced', compared: 27, inFlight: 0 });
    lives[20]!.entries[0]!.netMicros = 19n;
    const { breaks } = await reconcile(tenantId);
    expect(breaks.map(({ subject }) => subject)).toEqual([`purchase ${lives[20]!.purchaseId}`]);
  });
});

describe('What viral-engine tells', () => {
  const [purchaseId, commissionId] = ['00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002'];
  const client = (status: number) =>
    new ViralEngineStates({
      listPurchaseStates: () =>
        Promise.resolve({
          states: [
            {
              purchaseId,
              purchaseSequence: 3n,
              currencyCode: 'USD',
              entries: [{ commissionId, beneficiaryId: purchaseId, status, netMicros: 7n }],
              changedAt: START,
            },
          ],
          nextPageToken: 'more',
        }),
    });

  it('is understood status by status, and an unknown one is an error', async () => {
    for (const [status, spelled] of Object.entries(PROTO_STATUS)) {
      expect(await client(spelled).page(books.newTenant(), '')).toEqual({
        states: [
          { purchaseId, sequence: 3n, changedAt: START, entries: new Map([[commissionId, { status, netMicros: 7n }]]) },
        ],
        nextPageToken: 'more',
      });
    }
    await expect(client(0).page(books.newTenant(), '')).rejects.toThrow('no status');
  });
});

describe('The command', () => {
  async function run(database: Books, ...options: string[]): Promise<{ code: number; output: string }> {
    const file = fileURLToPath(new URL('../src/reconcile.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      ['--conditions=@dailydoco/source', '--import', sourceHooks, file, ...options],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { PATH: process.env['PATH'], ...specEnv(database), LOG_LEVEL: 'error' },
      },
    );
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
    return { code, output };
  }

  it('exits with 0 when all is balanced, and with 1 when anything is not, naming the tenant', async () => {
    const fresh = await startBooks();
    try {
      const nothing = await run(fresh);
      expect(nothing).toEqual({ code: 0, output: '' });
      const tenantId = fresh.newTenant();
      await fresh.earn(tenantId, fresh.newPerson(), '1.00');
      // Nobody answers at viral-engine's address.
      const { code, output } = await run(fresh);
      expect(code).toBe(1);
      expect(output).toContain(`${tenantId}  failed`);
      // A comparison that somebody finished today is enough for the report of yesterday.
      const day = lastSettledDay(new Date()).text;
      const now = new Date();
      const done = { tenantId, outcome: 'balanced', compared: 1, inFlight: 0, breaks: [] } as const;
      const dated = {
        ...done,
        id: asRunId(fresh.newId()),
        incomplete: new Set<never>(),
        startedAt: now,
        finishedAt: now,
      };
      await inDatabaseTransaction(fresh.pool, (tx) => saveReconciliation(tx, dated, fresh.newId));
      const report = await run(fresh, '--report', day);
      expect(report.code).toBe(0);
      expect(report.output).toContain(`Reconciliation of ${day} (UTC), tenant ${tenantId}`);
    } finally {
      await fresh.stop();
    }
  });
});
