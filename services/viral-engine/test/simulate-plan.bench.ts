// `npm run bench:simulation -w services/viral-engine`: a million purchases of a tenant, replayed against a plan with limits
// of every kind. Prints how long it took and what memory it needed; nothing is asserted about either, because machines
// differ. `BENCH_PURCHASES` makes it smaller.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inDatabaseTransaction } from '@dailydoco/database';
import { startPostgres } from '@dailydoco/stores';
import { asPlanId, type TenantId } from '../src/ids.js';
import { STANDARD } from '../src/plans/shipped-plans.js';
import { simulatePlan } from '../src/simulations/simulations.module.js';
import { Engine, migratedDatabase, START, usd } from './engine.js';

const PURCHASES = Number(process.env['BENCH_PURCHASES'] ?? 1_000_000);
const BUYERS = 20_000;
const DAYS = 30;
/** Purchases that one statement writes. */
const CHUNK = 100_000;

const folder = mkdtempSync(join(tmpdir(), 'dailydoco-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true });
const engine = new Engine(await migratedDatabase(postgres.url));

const say = (text: string) => process.stdout.write(`${text}\n`);

async function seed(tenantId: TenantId): Promise<void> {
  // A tree of ten below each member, then purchases by everybody in turn over the days, each with its stored upline.
  await inDatabaseTransaction(engine.pool, async (tx) => {
    await tx.query(
      `INSERT INTO member (tenant_id, user_id, referrer_id, upline, status, status_changed_at, joined_at)
       WITH RECURSIVE tree (n, upline) AS (
         SELECT 1, '{}'::uuid[]
         UNION ALL
         SELECT child, (lpad(to_hex(n), 32, '0')::uuid || upline)[1:64]
         FROM tree CROSS JOIN LATERAL generate_series(n * 10 - 8, n * 10 + 1) AS child WHERE child <= $2
       )
       SELECT $1, lpad(to_hex(n), 32, '0')::uuid, upline[1], upline, 'active', $3, $3 FROM tree`,
      [tenantId, BUYERS, START],
    );
    for (let first = 1; first <= PURCHASES; first += CHUNK) {
      await tx.query(
        `INSERT INTO purchase (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, occurred_at,
         occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot)
       SELECT $1, gen_random_uuid(), n::text, m.user_id, 1000000 + n % 99000000, 'USD', 'subscription', at, true, at,
         'standard', 1, 0, jsonb_build_object('cov', true, 'first', jsonb_build_array(m.user_id, at), 'up',
           (SELECT coalesce(jsonb_agg(jsonb_build_array(u, 'active', 0) ORDER BY place), '[]')
            FROM unnest(m.upline[1:7]) WITH ORDINALITY AS upline (u, place)))
       FROM generate_series($6::int, $6::int + $7::int - 1) AS n
       JOIN member m ON m.tenant_id = $1 AND m.user_id = lpad(to_hex(1 + (n::bigint * 7919) % $4::int), 32, '0')::uuid
       CROSS JOIN LATERAL (SELECT $3::timestamptz + n * (interval '1 day' * $5::int / $2::int) AS at) AS time`,
        [tenantId, PURCHASES, START, BUYERS, DAYS, first, Math.min(CHUNK, PURCHASES - first + 1)],
      );
    }
    await tx.query(
      `INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at)
       SELECT tenant_id, id, 1, recorded_at FROM purchase WHERE tenant_id = $1`,
      [tenantId],
    );
  });
}

async function simulate(): Promise<void> {
  const tenantId = engine.newTenant();
  await seed(tenantId);
  say(`${PURCHASES} purchases of ${BUYERS} buyers are there`);
  const limits = {
    qualification: [{ level: 3, minOwnPurchases: 1, minActiveReferrals: 2 }],
    beneficiaryCaps: { day: [usd('500.00')], month: [usd('10000.00')], lifetime: [usd('20000.00')] },
    companyCap: { period: 'month' as const, mode: 'pro_rata' as const, amounts: [usd('9999999.00')] },
  };
  for (const [name, terms] of [
    ['other rates', {}],
    ['limits of every kind', limits],
    ['dynamic compression and limits', { ...limits, compression: 'dynamic' as const }],
  ] as const) {
    const before = process.memoryUsage().rss;
    const started = performance.now();
    const processor = process.cpuUsage();
    let peak = 0;
    const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
    const { purchases } = await simulatePlan({ pool: engine.pool }).simulate({
      tenantId,
      proposed: {
        ...STANDARD,
        ...terms,
        planId: asPlanId('proposed'),
        levelsBps: [1800, 1400, 1100, 800, 500, 300, 200],
      },
      from: START,
      to: new Date(START.getTime() + (DAYS + 1) * 86_400_000),
      top: 20,
    });
    clearInterval(timer);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(processor);
    const megabytes = (bytes: number) => Math.round(bytes / 1_048_576);
    const pace = `${Math.round(purchases / seconds)} purchases/s`;
    const memory = `peak ${megabytes(peak)} MB (${megabytes(before)} before)`;
    say(`${name}: ${seconds.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of processor, ${pace}, ${memory}`);
    assert.equal(purchases, PURCHASES);
  }
}

try {
  await simulate();
} finally {
  await engine.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
