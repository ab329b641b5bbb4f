// `npm run bench:network`: a tree of a million members. Prints how long reads, joins, sales, a move of a hundred thousand
// people and a recount take; nothing is asserted about that, because machines differ.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { asMoveId, asPurchaseId, asUserId, type TenantId, type UserId } from '../src/ids.js';
import { MemberStore } from '../src/members/member.store.js';
import { registerMember } from '../src/members/register-member.js';
import { countMembers } from '../src/network/count-members.js';
import { countPurchases } from '../src/network/count-purchases.js';
import { movePerson } from '../src/network/move-person.js';
import { MoveStore } from '../src/network/move.store.js';
import { NetworkCountStore } from '../src/network/network-count.store.js';
import { NetworkStore } from '../src/network/network.store.js';
import { compareCounts, repairCounts } from '../src/network/recount.js';
import { RecountStore } from '../src/network/recount.store.js';
import { type Engine, START, startEngine } from './engine.js';

const MEMBERS = 1_000_000;
const SALES = 200_000;
/** Everybody has ten directly below. */
const BREADTH = 10;
const BATCH = 500;
/** Members that one statement writes. */
const CHUNK = 100_000;

let engine: Engine;
let pool: ReturnType<typeof createPool>;
let owner: ReturnType<typeof createPool>;

beforeAll(async () => {
  engine = await startEngine();
  const options = { max: 4, applicationName: 'bench', statementTimeoutMs: 600_000 };
  pool = createPool({ ...options, connectionString: engine.appUrl });
  owner = createPool({ ...options, connectionString: engine.ownerUrl });
}, 60_000);

afterAll(async () => {
  await pool.end();
  await owner.end();
  await engine.stop();
});

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

const some = (count: number): UserId[] =>
  Array.from({ length: count }, (_, n) => member(1 + ((n * 7919 + 13) % MEMBERS)));

/** Tells when splits were locked out. */
class WatchedMove extends MoveStore {
  lockedOutAt = 0;

  override async lockOutSplits(): Promise<void> {
    await super.lockOutSplits();
    this.lockedOutAt = performance.now();
  }
}

async function sayMove(tenantId: TenantId, userId: UserId, referrerId: UserId): Promise<void> {
  let book: WatchedMove | undefined;
  const { ms, done } = await timed(() =>
    inDatabaseTransaction(pool, (tx) => {
      book = new WatchedMove(tx, engine.outbox);
      return movePerson(
        book,
        { tenantId, userId, referrerId, movedBy: 'bench', reason: 'bench' },
        { now: START, newMoveId: () => asMoveId(engine.newId()) },
      );
    }),
  );
  const held = performance.now() - (book?.lockedOutAt ?? 0);
  say(`move of ${done.people} people: ${ms.toFixed(0)} ms, of which splits were locked out ${held.toFixed(0)} ms`);
}

it('a network of a million', async () => {
  const tenantId = engine.newTenant();
  say(`${MEMBERS} members, ${SALES} sales: written in ${((await timed(() => seed(tenantId))).ms / 1000).toFixed(0)} s`);
  const { rows: sales } = await pool.query<{ id: string }>('SELECT id FROM purchase WHERE tenant_id = $1', [tenantId]);
  const refs = sales.map(({ id }) => ({ tenantId, purchaseId: asPurchaseId(id) }));
  const batches = Array.from({ length: refs.length / BATCH }, (_, n) => refs.slice(n * BATCH, (n + 1) * BATCH));
  await sayTimes(`${BATCH} sales counted`, batches, (batch) =>
    inDatabaseTransaction(pool, (tx) => countPurchases(new NetworkCountStore(tx), batch)),
  );
  const given = { tenantId, now: START };
  const repaired = await timed(() => inDatabaseTransaction(pool, (tx) => repairCounts(new RecountStore(tx), given)));
  say(`counts written anew by a recount: ${(repaired.ms / 1000).toFixed(1)} s`);
  await owner.query('ANALYZE');

  const networks = new NetworkStore(pool);
  const root = member(1);
  await sayTimes('network of the root', Array(300).fill(root), () => networks.find(tenantId, root));
  await sayTimes('network of anybody', some(1_000), (userId) => networks.find(tenantId, userId));
  const page = { tenantId, after: undefined, limit: 51 };
  await sayTimes('page of children of the root', Array(300).fill(root), () =>
    networks.children({ ...page, userId: root }),
  );
  await sayTimes('page of children of anybody', some(300), (userId) => networks.children({ ...page, userId }));
  await sayTimes('upline of anybody', some(1_000), (userId) => networks.findUpline(tenantId, userId));

  const code = 'BENCHED2';
  await pool.query('INSERT INTO referral_code (code, tenant_id, owner_id, created_at) VALUES ($1, $2, $3, $4)', [
    code,
    tenantId,
    member(MEMBERS),
    START,
  ]);
  const registration = {
    tenantId,
    status: 'active' as const,
    referralCode: code,
    visitorId: undefined,
    registeredAt: START,
  };
  await sayTimes('registration, seven levels deep', Array.from({ length: 1_000 }), () =>
    inDatabaseTransaction(pool, (tx) =>
      registerMember(
        new MemberStore(tx, engine),
        { ...registration, userId: asUserId(engine.newId()) },
        { now: START, randomBytes },
      ),
    ),
  );
  await sayTimes('network of the root, 1000 newcomers uncounted', Array(100).fill(root), () =>
    networks.find(tenantId, root),
  );
  await sayTimes(`${BATCH} newcomers counted`, [1, 2], () =>
    inDatabaseTransaction(pool, (tx) => countMembers(new NetworkCountStore(tx), BATCH)),
  );
  await sayMove(tenantId, member(MEMBERS), member(2));
  await sayMove(tenantId, member(20), member(3));
  await sayMove(tenantId, member(2), member(3));
  await sayMove(tenantId, member(2), root);
  const compared = await timed(() => compareCounts(new RecountStore(pool), { ...given, most: 10 }));
  say(`recount: ${(compared.ms / 1000).toFixed(1)} s, ${compared.done.length} differences`);
  expect(compared.done).toEqual([]);
}, 1_800_000);
