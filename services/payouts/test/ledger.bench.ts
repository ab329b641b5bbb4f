// `npm run bench:ledger -w services/payouts`: how many postings a second the ledger takes while every journal touches one
// account of the house, beside bare inserts of the same rows; and how long a balance takes to read over HTTP among a
// million accounts. Prints figures; only outcomes are asserted, because machines differ. `BENCH_ROUNDS` makes it shorter.
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { startPostgres } from '@dailydoco/stores';
import { asPurchaseId, asTenantId, asUserId, type TenantId } from '../src/ids.js';
import type { Journal } from '../src/ledger/journal.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import { Books, migratedDatabase } from './books.js';
import type { PacedReads, ReadTimes } from './paced-reads-process.js';

const CONNECTIONS = 4;
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
/** Per connection and round. */
const BATCHES = 12;
const JOURNALS = 500;
const LEVELS = 7;
/** Each connection has its own: only the house is hot. */
const PERSONS_EACH = 10_000;
const PERSONS_READ = 250_000;
/** Who read, in turn. */
const READERS = 2_000;
const READS_PER_SECOND = 1_000;
const WARM_SECONDS = 15;
const READ_SECONDS = 20;

const folder = mkdtempSync(join(tmpdir(), 'dailydoco-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true });
const books = new Books(await migratedDatabase(postgres.url));
const owner = createPool({
  connectionString: books.ownerUrl,
  max: CONNECTIONS,
  applicationName: 'bench',
  statementTimeoutMs: 600_000,
});

const children: ChildProcess[] = [];

const say = (text: string) => process.stdout.write(`${text}\n`);
const median = (figures: readonly number[]) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
const personOf = (n: number) => asUserId(`00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`);

function batch(tenantId: TenantId, connection: number, next: () => number): Journal[] {
  return Array.from({ length: JOURNALS }, () => {
    const first = next() * LEVELS;
    const legs = Array.from({ length: LEVELS }, (_, level) => ({
      personId: personOf(connection * PERSONS_EACH + ((first + level) % PERSONS_EACH)),
      kind: 'pending' as const,
      amountMicros: 1_000_000n,
    }));
    return {
      tenantId,
      eventType: 'CommissionsAccrued',
      currency: currencyOf('USD'),
      cause: { kind: 'purchase' as const, purchaseId: asPurchaseId(books.newId()), sequence: 2n, refundId: undefined },
      reason: undefined,
      occurredAt: books.clock.now(),
      legs: [
        ...legs,
        { personId: undefined, kind: 'commission_expense' as const, amountMicros: BigInt(-LEVELS) * 1_000_000n },
      ],
      mayOverdraw: true,
    };
  });
}

/** Runs the work on each connection, a number of times each; postings a second. */
async function rate(work: (connection: number, n: number) => Promise<void>): Promise<number> {
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, connection) => {
      for (let n = 0; n < BATCHES; n += 1) await work(connection, n);
    }),
  );
  return (CONNECTIONS * BATCHES * JOURNALS * (LEVELS + 1)) / ((performance.now() - started) / 1_000);
}

const COLUMNS = {
  journal: `tenant_id uuid, id uuid, event_type text, currency text, purchase_id uuid, purchase_sequence bigint,
    occurred_at timestamptz, recorded_at timestamptz`,
  posting:
    'tenant_id uuid, journal_id uuid, account_id uuid, amount_micros bigint, position bigint, balance_after_micros numeric',
};
type Table = keyof typeof COLUMNS;
const partsOf = (table: Table) => COLUMNS[table].split(',').map((part) => part.trim().split(' ') as [string, string]);

/** What the ledger wrote in a round, as columns of texts, one set for each batch. */
async function written(table: Table, tenantId: TenantId, after: Date): Promise<string[][][]> {
  const parts = partsOf(table);
  const journal = table === 'journal' ? '' : 'JOIN journal j ON j.tenant_id = r.tenant_id AND j.id = r.journal_id';
  const recorded = table === 'journal' ? 'r.recorded_at' : 'j.recorded_at';
  const { rows } = await books.pool.query<Record<string, string>>(
    `SELECT ${parts.map(([name]) => `r.${name}::text`).join(', ')} FROM ${table} r ${journal}
     WHERE r.tenant_id = $1 AND ${recorded} = $2`,
    [tenantId, after],
  );
  const size = table === 'journal' ? JOURNALS : JOURNALS * (LEVELS + 1);
  return Array.from({ length: CONNECTIONS * BATCHES }, (_, n) => {
    const own = rows.slice(n * size, (n + 1) * size);
    return parts.map(([name]) => own.map((row) => row[name] ?? ''));
  });
}

/** The same rows into empty copies of the tables, with the same indexes and checks, and nothing else. */
async function bareRate(tenantId: TenantId, round: Date): Promise<number> {
  const rows = {
    journal: await written('journal', tenantId, round),
    posting: await written('posting', tenantId, round),
  };
  for (const table of ['journal', 'posting'] as const) {
    await owner.query(`DROP TABLE IF EXISTS bare_${table}; CREATE TABLE bare_${table} (LIKE ${table} INCLUDING ALL)`);
  }
  return rate((connection, n) =>
    inDatabaseTransaction(owner, async (tx) => {
      for (const table of ['journal', 'posting'] as const) {
        const parts = partsOf(table);
        const columns = rows[table][connection * BATCHES + n] ?? [];
        await tx.query(
          `INSERT INTO bare_${table} (${parts.map(([name]) => name).join(', ')})
           SELECT * FROM unnest(${parts.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ')})`,
          columns.map((texts) => texts.map((text) => (text === '' ? null : text))),
        );
      }
    }),
  );
}

/** Postings with one hot account of the house. */
async function post(): Promise<void> {
  const tenantId = asTenantId(books.newId());
  const counters = Array.from({ length: CONNECTIONS }, () => 0);
  const write = (connection: number) => {
    const journals = batch(tenantId, connection, () => (counters[connection] = (counters[connection] ?? 0) + 1));
    return inDatabaseTransaction(books.pool, (tx) => new LedgerStore(tx, books).write(journals));
  };
  await rate(write);
  const figures: { ledger: number; bare: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    books.clock.advance(1_000);
    const ledger = await rate(write);
    figures.push({ ledger, bare: await bareRate(tenantId, books.clock.now()) });
  }
  const [ledger, bare] = [median(figures.map((each) => each.ledger)), median(figures.map((each) => each.bare))];
  const ratio = median(figures.map((each) => each.ledger / each.bare));
  say(`ledger: ${Math.round(ledger)} postings/s; bare unnest ${Math.round(bare)}/s; ${(100 * ratio).toFixed(1)} %`);
  const broken = (await books.breaks(tenantId)).filter(({ invariant }) => invariant === 'I2');
  assert.deepEqual(broken, [], 'every balance equals the sum of its postings');
}

/** A million accounts; persons among them. */
async function open(tenantId: TenantId): Promise<string[]> {
  await owner.query(
    `INSERT INTO account (tenant_id, id, owner_id, kind, currency, opened_at)
     SELECT $1, gen_random_uuid(), ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid, kind, 'USD', now()
     FROM generate_series(1, $2::int) AS n, unnest(ARRAY['pending', 'held', 'available', 'in_transit']) AS kind`,
    [tenantId, PERSONS_READ],
  );
  await owner.query(
    `INSERT INTO account_balance (tenant_id, account_id, stripe, balance_micros)
     SELECT tenant_id, id, 0, 1000000 FROM account WHERE tenant_id = $1`,
    [tenantId],
  );
  // What the server would do by itself in the minutes after a million new rows.
  for (const table of ['account', 'account_balance']) await owner.query(`VACUUM ANALYZE ${table}`);
  return Array.from({ length: READERS }, (_, n) => {
    const person = (1 + ((n * 7919) % PERSONS_READ)).toString(16).padStart(12, '0');
    return `00000000-0000-4000-9000-${person}`;
  });
}

/** Runs a file beside this one in a process of its own, as in production. */
function startProcess(file: string, ...args: string[]): ChildProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
  });
  children.push(child);
  return child;
}

/** The first message of a process, which must not end before. */
async function told<T>(child: ChildProcess): Promise<T> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('a process ended and told nothing')));
  const [message] = await Promise.race([once(child, 'message'), ended]);
  return message as T;
}

/** Balances read at a fixed pace. */
async function read(): Promise<void> {
  const tenantId = asTenantId(books.newId());
  const service = startProcess('edges-process.ts', books.appUrl, tenantId, ...(await open(tenantId)));
  const { url, tokens } = await told<{ url: string; tokens: string[] }>(service);
  const client = startProcess('paced-reads-process.ts');
  const reads: PacedReads = {
    url: `${url}/v1/balances/me`,
    tokens,
    perSecond: READS_PER_SECOND,
    warmSeconds: WARM_SECONDS,
    seconds: READ_SECONDS,
  };
  client.send(reads);
  const { times, failed } = await told<ReadTimes>(client);
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => `${(sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1)} ms`;
  say(
    `balances: ${READS_PER_SECOND}/s for ${READ_SECONDS} s, p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}; ${failed} failed`,
  );
  // On a machine that is busy with something else the service turns callers away: the figure says so.
  assert.equal(sorted.length, READS_PER_SECOND * READ_SECONDS);
  service.send('the end');
  await once(service, 'exit');
}

try {
  await post();
  await read();
} finally {
  for (const child of children) child.kill();
  await owner.end();
  await books.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
