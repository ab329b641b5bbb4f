// `npm run bench:network -w services/viral-engine`: a tree of a million members. Prints how long reads, joins, sales, a
// move of a hundred thousand people and a recount take; only the counts are asserted, because machines differ.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { startPostgres } from '@dailydoco/stores';
import { asMoveId, asPurchaseId, asUserId, type TenantId, type UserId } from '../src/ids.js';
import { MemberStore } from '../src/members/member.store.js';
import { registerMember } from '../src/members/register-member.js';
import { countMembers } from '../src/network/count-members.js';
import { countPurchases, type PurchaseRef } from '../src/network/count-purchases.js';
import { movePerson } from '../src/network/move-person.js';
import { MoveStore } from '../src/network/move.store.js';
import { NetworkCountStore } from '../src/network/network-count.store.js';
import { NetworkStore } from '../src/network/network.store.js';
import { compareCounts, repairCounts } from '../src/network/recount.js';
import { RecountStore } from '../src/network/recount.store.js';
import { Engine, migratedDatabase, START } from './engine.js';

const MEMBERS = Number(process.env['BENCH_MEMBERS'] ?? 1_000_000);
const SALES = MEMBERS / 5;
/** Everybody has ten directly below. */
const BREADTH = 10;
const BATCH = 500;
/** Members that one statement writes. */
const CHUNK = 100_000;

const folder = mkdtempSync(join(tmpdir(), 'dailydoco-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true });
const engine = new Engine(await migratedDatabase(postgres.url));
const options = { max: 4, applicationName: 'bench', statementTimeoutMs: 600_000 };
const pool = createPool({ ...options, connectionString: engine.appUrl });
const owner = createPool({ ...options, connectionString: engine.ownerUrl });

const say = (text: string) => process.stdout.write(`${text}\n`);

/** The nth member, counted from 1 level by level. */
const member = (n: number): UserId => asUserId(`00000000-0000-0000-0000-${n.toString(16).padStart(12, '0')}`);

async function seed(tenantId: TenantId): Promise<void> {
  for (let first = 1; first <= MEMBERS; first += CHUNK) {
    await pool.query(
      `INSERT INTO member (tenant_id, user_id, referrer_id, upline, status, status_changed_at, joined_at, network_counted)
       SELECT $1, lpad(to_hex(n), 32, '0')::uuid, upline[1], upline, 'active', $2, $2, true
       FROM generate_series($3::int, $3::int + $4::int - 1) AS n CROSS JOIN LATERAL (
         WITH RECURSIVE line (at) AS (SELECT n UNION ALL SELECT (at + ${BREADTH - 2}) / ${BREADTH} FROM line WHERE at > 1)
         SELECT coalesce(array_agg(lpad(to_hex(at), 32, '0')::uuid ORDER BY at DESC) FILTER (WHERE at < n), '{}') AS upline
         FROM line) AS above`,
      [tenantId, START, first, CHUNK],
    );
  }
  await pool.query(
    `INSERT INTO purchase (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, occurred_at,
       occurred_at_given, recorded_at, commissions_micros, split_snapshot)
     SELECT $1, gen_random_uuid(), n::text, lpad(to_hex(1 + (n::bigint * 7919) % $3::int), 32, '0')::uuid,
       1000000 + n % 99000000, (ARRAY['USD', 'EUR'])[1 + n % 2], 's', $2, true, $2, 0, '{}'
     FROM generate_series(1, $4::int) AS n`,
    [tenantId, START, MEMBERS, SALES],
  );
  await pool.query(
    `INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at)
     SELECT tenant_id, id, 1, recorded_at FROM purchase WHERE tenant_id = $1`,
    [tenantId],
  );
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; done: T }> {
  const started = performance.now();
  const done = await work();
  return { ms: performance.now() - started, done };
}

/** Says median and p99 of the same work done for each of the things. */
async function sayTimes<T>(what: string, things: readonly T[], work: (thing: T) => Promise<unknown>): Promise<void> {
  const times: number[] = [];
  for (const thing of things) times.push((await timed(() => work(thing))).ms);
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2);
  say(`${what}: median ${at(0.5)} ms, p99 ${at(0.99)} ms, most ${at(1)} ms (${times.length} times)`);
}

const root = member(1);
const networks = new NetworkStore(pool);
/** Purchases that were made beside moves. */
const recorded: PurchaseRef[] = [];

const some = (count: number): UserId[] =>
  Array.from({ length: count }, (_, n) => member(1 + ((n * 7919 + 13) % MEMBERS)));

/** Tells when splits were locked out, and what the database's process had used of the processor by then. */
class WatchedMove extends MoveStore {
  readonly #tx: DatabaseTransaction;
  lockedOutAt = 0;
  usedMs = 0;

  constructor(tx: DatabaseTransaction) {
    super(tx, engine.outbox);
    this.#tx = tx;
  }

  override async lockOutSplits(): Promise<void> {
    await super.lockOutSplits();
    this.usedMs = await this.processorMs();
    this.lockedOutAt = performance.now();
  }

  override async announce(move: Parameters<MoveStore['announce']>[0]): Promise<void> {
    await super.announce(move);
    this.usedMs = (await this.processorMs()) - this.usedMs;
  }

  /** The database runs on this machine. Linux counts in hundredths of a second. */
  async processorMs(): Promise<number> {
    const { rows } = await this.#tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const fields = readFileSync(`/proc/${rows[0]?.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return 10 * (Number(fields[11]) + Number(fields[12]));
  }
}

/** Purchases of anybody while the work is done, one after the other; how long each took, in order of length. */
async function recordBeside(tenantId: TenantId, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let over = false;
  const done = work().finally(() => {
    over = true;
  });
  while (!over) {
    const buyer = member(1 + (((recorded.length + 1) * 104_729) % MEMBERS));
    const { ms, done: purchase } = await timed(() => engine.record(engine.order(tenantId, buyer)));
    recorded.push({ tenantId, purchaseId: purchase.id });
    times.push(ms);
  }
  await done;
  return times.toSorted((a, b) => a - b);
}

async function sayMove(tenantId: TenantId, userId: UserId, referrerId: UserId): Promise<void> {
  let book: WatchedMove | undefined;
  let whole = '';
  let heldMs = 0;
  const beside = await recordBeside(tenantId, async () => {
    const { ms, done } = await timed(() =>
      inDatabaseTransaction(pool, (tx) => {
        book = new WatchedMove(tx);
        return movePerson(
          book,
          { tenantId, userId, referrerId, movedBy: 'bench', reason: 'bench' },
          { now: START, newMoveId: () => asMoveId(engine.newId()) },
        );
      }),
    );
    heldMs = performance.now() - (book?.lockedOutAt ?? 0);
    whole = `move of ${done.people} people: ${ms.toFixed(0)} ms`;
  });
  const longest = `longest of ${beside.length} purchases meanwhile ${(beside.at(-1) ?? 0).toFixed(0)} ms`;
  say(`${whole}; splits locked out ${heldMs.toFixed(0)} ms, ${book?.usedMs ?? 0} ms of it processor; ${longest}`);
}

const countSales = (refs: readonly PurchaseRef[]): Promise<number> =>
  inDatabaseTransaction(pool, (tx) => countPurchases(new NetworkCountStore(tx), refs));

async function saySales(tenantId: TenantId): Promise<void> {
  const { rows: sales } = await pool.query<{ id: string }>('SELECT id FROM purchase WHERE tenant_id = $1', [tenantId]);
  const refs = sales.map(({ id }) => ({ tenantId, purchaseId: asPurchaseId(id) }));
  const batches = Array.from({ length: refs.length / BATCH }, (_, n) => refs.slice(n * BATCH, (n + 1) * BATCH));
  await sayTimes(`${BATCH} sales counted`, batches, countSales);
  const given = { tenantId, now: START };
  const repaired = await timed(() => inDatabaseTransaction(pool, (tx) => repairCounts(new RecountStore(tx), given)));
  say(`counts written anew by a recount: ${(repaired.ms / 1000).toFixed(1)} s`);
}

async function sayReads(tenantId: TenantId): Promise<void> {
  await sayTimes('network of the root', Array(300).fill(root), () => networks.find(tenantId, root));
  await sayTimes('network of anybody', some(1_000), (userId) => networks.find(tenantId, userId));
  const page = { tenantId, after: undefined, limit: 51 };
  const children = (userId: UserId) => networks.children({ ...page, userId });
  await sayTimes('page of children of the root', Array(300).fill(root), children);
  await sayTimes('page of children of anybody', some(300), children);
  await sayTimes('upline of anybody', some(1_000), (userId) => networks.findUpline(tenantId, userId));
}

async function sayRegistrations(tenantId: TenantId): Promise<void> {
  const referralCode = 'BENCHED2';
  await pool.query('INSERT INTO referral_code (code, tenant_id, owner_id, created_at) VALUES ($1, $2, $3, $4)', [
    referralCode,
    tenantId,
    member(MEMBERS),
    START,
  ]);
  const registration = {
    tenantId,
    status: 'active' as const,
    referralCode,
    visitorId: undefined,
    registeredAt: START,
  };
  const register = (userId: UserId) =>
    inDatabaseTransaction(pool, (tx) =>
      registerMember(new MemberStore(tx, engine), { ...registration, userId }, { now: START, randomBytes }),
    );
  const newcomers = Array.from({ length: 1_000 }, () => asUserId(engine.newId()));
  await sayTimes('registration, at the bottom of the tree', newcomers, register);
  await sayTimes('network of the root, 1000 newcomers uncounted', Array(100).fill(root), () =>
    networks.find(tenantId, root),
  );
  await sayTimes(`${BATCH} newcomers counted`, [1, 2], () =>
    inDatabaseTransaction(pool, (tx) => countMembers(new NetworkCountStore(tx), BATCH)),
  );
}

const tenantId = engine.newTenant();
say(`${MEMBERS} members, ${SALES} sales: written in ${((await timed(() => seed(tenantId))).ms / 1000).toFixed(0)} s`);
await owner.query('ANALYZE');
await saySales(tenantId);
await owner.query('ANALYZE');
await sayReads(tenantId);
await sayRegistrations(tenantId);
await sayMove(tenantId, member(MEMBERS), member(2));
await sayMove(tenantId, member(20), member(3));
await sayMove(tenantId, member(2), member(3));
await sayMove(tenantId, member(2), root);
await countSales(recorded);
const compared = await timed(() => compareCounts(new RecountStore(pool), { tenantId, now: START, most: 10 }));
say(`recount: ${(compared.ms / 1000).toFixed(1)} s, ${compared.done.length} differences`);
assert.deepEqual(compared.done, []);
await pool.end();
await owner.end();
await engine.stop();
await postgres.stop();
rmSync(folder, { recursive: true, force: true });
