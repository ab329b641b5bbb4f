// `npm run bench:release -w services/viral-engine`: a million commissions that fell due at once are released by the
// loop of the service, while purchases are recorded. Prints the pace of the one and how long the others took; only the
// outcome is asserted, because machines differ.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { startPostgres } from '@dailydoco/stores';
import { releaseCommissions } from '../src/commissions/commissions.module.js';
import { asUserId, type TenantId, type UserId } from '../src/ids.js';
import { Engine, migratedDatabase, START } from './engine.js';

const LEVELS_BPS = [2000, 1500, 1000, 800, 500, 300, 200];
const ENTRIES = Number(process.env['BENCH_ENTRIES'] ?? 1_000_000);
const PURCHASES = Math.ceil(ENTRIES / LEVELS_BPS.length);
/** A tree of three below each member, so that the deeper half has seven above. */
const MEMBERS = 20_000;
const FIRST_DEEP = 4_000;
const PURCHASES_BESIDE = 300;

const folder = mkdtempSync(join(tmpdir(), 'dailydoco-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), diesWithParent: true });
const engine = new Engine(await migratedDatabase(postgres.url));
const owner = createPool({
  connectionString: engine.ownerUrl,
  max: 1,
  applicationName: 'bench',
  // A million rows are inserted in one statement.
  statementTimeoutMs: 600_000,
});

const say = (text: string) => process.stdout.write(`${text}\n`);
const idOf = (n: number): UserId => asUserId(`00000000-0000-0000-0000-${n.toString(16).padStart(12, '0')}`);

/** Purchases of 79.00 over the day before, as the split of the plan `standard` leaves them: two events each. */
async function seed(tenantId: TenantId): Promise<void> {
  await inDatabaseTransaction(owner, async (tx) => {
    await tx.query(
      `INSERT INTO member (tenant_id, user_id, referrer_id, upline, status, status_changed_at, joined_at)
       WITH RECURSIVE tree (n, upline) AS (
         SELECT 1, '{}'::uuid[]
         UNION ALL
         SELECT child, (lpad(to_hex(n), 32, '0')::uuid || upline)[1:64]
         FROM tree CROSS JOIN LATERAL generate_series(n * 3 - 1, n * 3 + 1) AS child WHERE child <= $2
       )
       SELECT $1, lpad(to_hex(n), 32, '0')::uuid, upline[1], upline, 'active', $3, $3 FROM tree`,
      [tenantId, MEMBERS, START],
    );
    await tx.query(
      `INSERT INTO purchase (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, occurred_at,
         occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot)
       SELECT $1, uuidv7(at - clock_timestamp()), n::text, m.user_id, 79000000, 'USD', 'subscription', at, true, at, 'standard', 1,
         79000000::bigint * 63 / 100, jsonb_build_object('cov', true, 'first', jsonb_build_array(m.user_id, at), 'up',
           (SELECT jsonb_agg(jsonb_build_array(u, 'active', 0) ORDER BY place)
            FROM unnest(m.upline[1:7]) WITH ORDINALITY AS upline (u, place)))
       FROM generate_series(1, $2::int) AS n
       JOIN member m ON m.tenant_id = $1
         AND m.user_id = lpad(to_hex($4::int + (n::bigint * 7919) % ($5::int - $4::int)), 32, '0')::uuid
       CROSS JOIN LATERAL (SELECT $3::timestamptz - ($2::int - n + 1) * (interval '1 day' / $2::int) AS at) AS time`,
      [tenantId, PURCHASES, START, FIRST_DEEP, MEMBERS],
    );
    await tx.query(
      `INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at, due_at)
       SELECT tenant_id, id, 2, recorded_at, occurred_at + interval '30 days' FROM purchase WHERE tenant_id = $1
       ORDER BY recorded_at`,
      [tenantId],
    );
    await tx.query(
      `INSERT INTO commission (tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency,
         gross_micros, net_micros, status, available_at, created_at)
       SELECT p.tenant_id, uuidv7(p.recorded_at - clock_timestamp()), p.id, m.upline[level], 'level', level, rate, 0, p.currency, micros, micros,
         'pending', p.occurred_at + interval '30 days', p.recorded_at
       FROM purchase p JOIN member m ON m.tenant_id = p.tenant_id AND m.user_id = p.buyer_id
       CROSS JOIN unnest($2::int[]) WITH ORDINALITY AS rates (rate, level)
       CROSS JOIN LATERAL (SELECT p.amount_micros * rate / 10000 AS micros) AS share
       WHERE p.tenant_id = $1 ORDER BY p.recorded_at, level`,
      [tenantId, LEVELS_BPS],
    );
  });
  for (const table of ['member', 'purchase', 'purchase_state', 'commission']) {
    await owner.query(`ANALYZE ${table}`);
  }
}

/** Records purchases one after the other; how long each took, in order of length. */
async function record(tenantId: TenantId, until: (count: number) => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!until(times.length)) {
    const started = performance.now();
    await engine.record(engine.order(tenantId, idOf(FIRST_DEEP + times.length)));
    times.push(performance.now() - started);
  }
  return times.toSorted((a, b) => a - b);
}

const told = (times: readonly number[]) => {
  const at = (share: number) => `${(times[Math.floor((times.length - 1) * share)] ?? 0).toFixed(1)} ms`;
  return `${times.length} purchases, each in ${at(0.5)} (median), ${at(0.99)} (99 of 100), ${at(1)} (longest)`;
};

/** What the server wrote to its log so far, in bytes. */
async function walBytes(): Promise<number> {
  const { rows } = await owner.query<{ bytes: string }>("SELECT (pg_current_wal_lsn() - '0/0')::text AS bytes");
  return Number(rows[0]?.bytes);
}

/** How many commissions are available, and how many rows tell so. */
async function outcome(tenantId: TenantId): Promise<unknown> {
  const { rows } = await engine.pool.query(
    `SELECT (SELECT count(*) FROM commission WHERE tenant_id = $1 AND status = 'available') AS released,
            (SELECT count(*) FROM commission_change WHERE tenant_id = $1) AS told`,
    [tenantId],
  );
  return rows[0];
}

const tenantId = engine.newTenant();
await seed(tenantId);
say(`alone: ${told(await record(tenantId, (count) => count >= PURCHASES_BESIDE))}`);
engine.clock.set(new Date(START.getTime() + 30 * 86_400_000 - 1));
const walBefore = await walBytes();
const started = performance.now();
const processor = process.cpuUsage();
let over = false;
const beside = record(tenantId, () => over);
while (await releaseCommissions(engine));
over = true;
const seconds = (performance.now() - started) / 1000;
const { user, system } = process.cpuUsage(processor);
const entries = PURCHASES * LEVELS_BPS.length;
const pace = `${Math.round(entries / seconds)}/s, ${((user + system) / 1e6).toFixed(1)} s of this process`;
say(`${entries} commissions released in ${seconds.toFixed(1)} s: ${pace}`);
say(`meanwhile: ${told(await beside)}; ${Math.round(((await walBytes()) - walBefore) / 2 ** 20)} MiB of WAL`);
assert.deepEqual(await outcome(tenantId), { released: BigInt(entries), told: BigInt(entries) });
await owner.end();
await engine.stop();
await postgres.stop();
rmSync(folder, { recursive: true, force: true });
