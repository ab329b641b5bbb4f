import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  createPool,
  type DatabaseTransaction,
  GroupWriter,
  inDatabaseTransaction,
  type Sql,
} from '@dailydoco/database';
import { formatDecimal } from '@dailydoco/money';
import { asPurchaseId, type TenantId, type UserId } from '../src/ids.js';
import { NO_LIMITS, type PlanLimits } from '../src/plans/plan-limits.js';
import { STANDARD } from '../src/plans/shipped-plans.js';
import type { Counter } from '../src/purchases/cap-counters.js';
import { commitPurchaseGroup, recoverPurchaseGroup } from '../src/purchases/commit-purchase-group.js';
import { splitAgain } from '../src/purchases/decide-purchase.js';
import type { PurchaseOrder, PurchaseRecord } from '../src/purchases/purchase.js';
import type { PurchaseItem, PurchaseOutcome } from '../src/purchases/purchase-group.js';
import { PurchaseGroupStore } from '../src/purchases/purchase-group.store.js';
import { lostGroupReads, PurchaseStore } from '../src/purchases/purchase.store.js';
import { recordRefund } from '../src/refunds/record-refund.js';
import { RefundStore } from '../src/refunds/refund.store.js';
import { checkBooks, type Engine, START, startEngine, usd } from './engine.js';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

beforeEach(() => engine.clock.set(START));

const caps = (of: Partial<PlanLimits['beneficiaryCaps']>) => ({
  beneficiaryCaps: { ...NO_LIMITS.beneficiaryCaps, ...of },
});
const company = (mode: 'pro_rata' | 'stop', amount: string, period: 'day' | 'month' | 'lifetime' = 'month') => ({
  companyCap: { mode, period, amounts: [usd(amount)] },
});

/** The default plan of a tenant, with these terms from now on: one level of 10 % unless told otherwise. */
const plan = (tenantId: TenantId, terms: Partial<typeof STANDARD>) =>
  engine.addPlan(tenantId, { planId: 'standard', levelsBps: [1000], ...terms });

function itemOf(order: PurchaseOrder): PurchaseItem {
  return {
    id: asPurchaseId(engine.newId()),
    order,
    receivedAt: engine.clock.now(),
    idempotency: undefined,
    ignoreWebsiteOwner: false,
    traceparent: undefined,
  };
}

/** Records purchases in one group. */
async function recordTogether(
  orders: readonly PurchaseOrder[],
  storeOf = (sql: DatabaseTransaction) => new PurchaseGroupStore(sql, engine.tools),
): Promise<PurchaseRecord[]> {
  const outcomes = await inDatabaseTransaction(engine.pool, (tx) =>
    commitPurchaseGroup(storeOf(tx), orders.map(itemOf), { now: engine.clock.now(), newId: engine.newId }),
  );
  return outcomes.map((outcome) => {
    if (outcome.kind !== 'recorded') throw new Error(outcome.kind);
    return outcome.purchase;
  });
}

const totals = (purchases: readonly PurchaseRecord[]) => purchases.map(({ totalMicros }) => formatDecimal(totalMicros));

/** Counters that are not the sum of what was written in their period. */
async function wrongCounters(): Promise<unknown[]> {
  const { rows } = await engine.pool.query(
    `SELECT k.*, w.paid FROM cap_counter k
     CROSS JOIN LATERAL (
       SELECT coalesce(sum(c.gross_micros), 0) AS paid
       FROM purchase p JOIN commission c ON c.tenant_id = p.tenant_id AND c.purchase_id = p.id
       WHERE p.tenant_id = k.tenant_id AND p.plan_id = k.plan_id AND p.currency = k.currency
         AND k.holder IN ('company', c.beneficiary_id::text)
         AND (k.period = 'lifetime' OR to_char(p.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') LIKE k.period || '%')
     ) AS w
     WHERE k.paid_micros <> w.paid`,
  );
  return rows;
}

async function paidTo(tenantId: TenantId, beneficiaryId?: UserId): Promise<string> {
  const { rows } = await engine.pool.query<{ paid: bigint }>(
    `SELECT coalesce(sum(gross_micros), 0)::bigint AS paid FROM commission
     WHERE tenant_id = $1 AND ($2::uuid IS NULL OR beneficiary_id = $2)`,
    [tenantId, beneficiaryId ?? null],
  );
  return formatDecimal(rows[0]!.paid);
}

/** Writers as of several replicas: each with a pool of its own, several groups of it at once. */
async function withWriters<T>(
  count: number,
  work: (record: (order: PurchaseOrder, n: number) => Promise<PurchaseOutcome>) => Promise<T>,
): Promise<T> {
  const { appUrl: connectionString, clock, newId, tools } = engine;
  const pools = Array.from({ length: count }, () =>
    createPool({ connectionString, max: 4, applicationName: 'spec', statementTimeoutMs: 20_000 }),
  );
  const writers = pools.map(
    (pool) =>
      new GroupWriter<PurchaseItem, PurchaseOutcome>({
        name: 'purchases',
        maxGroup: 7,
        maxWaitMs: 2,
        concurrency: 3,
        commit: (items) =>
          inDatabaseTransaction(
            pool,
            (tx) => commitPurchaseGroup(new PurchaseGroupStore(tx, tools), items, { now: clock.now(), newId }),
            // A deadlock would be retried in silence; here it must not happen at all.
            { maxAttempts: 1 },
          ),
        resolveAfterLostCommit: (items) => recoverPurchaseGroup(lostGroupReads(pool, tools.catalogues), items),
      }),
  );
  try {
    return await work((order, n) => writers[n % count]!.submit(itemOf(order)));
  } finally {
    for (const writer of writers) await writer.close();
    for (const pool of pools) await pool.end();
  }
}

describe('Concurrent purchases from several writers', () => {
  /** Forty buyers below two referrers, each referrer below one grand-referrer. */
  async function family(tenantId: TenantId) {
    const top = await engine.join(tenantId);
    const referrers = [await engine.join(tenantId, top), await engine.join(tenantId, top)];
    const buyers: UserId[] = [];
    for (let n = 0; n < 40; n += 1) buyers.push(await engine.join(tenantId, referrers[n % 2]));
    return { top, referrers, buyers };
  }

  const buyAll = (tenantId: TenantId, buyers: readonly UserId[], amounts: readonly string[]) =>
    withWriters(3, (record) =>
      Promise.all(
        Array.from({ length: 240 }, (_, n) =>
          record(engine.order(tenantId, buyers[n % buyers.length]!, { amount: usd(amounts[n % amounts.length]!) }), n),
        ),
      ),
    );

  it('pay every person exactly the cap, in every period', async () => {
    const tenantId = engine.newTenant();
    const { top, referrers, buyers } = await family(tenantId);
    const limits = caps({ day: [usd('30.01')], month: [usd('200.00')], lifetime: [usd('25.00')] });
    await plan(tenantId, { levelsBps: [1000, 500], ...limits, maxPayoutBps: 10_000 });
    await buyAll(tenantId, buyers, ['3.33', '7.77', '0.000011']);
    const paid = await Promise.all([top, ...referrers].map((person) => paidTo(tenantId, person)));
    expect(paid).toEqual(['25.00', '25.00', '25.00']);
    expect(await wrongCounters()).toEqual([]);
  });

  it('pay together exactly the company cap, in proportion', async () => {
    const tenantId = engine.newTenant();
    const { buyers } = await family(tenantId);
    await plan(tenantId, company('pro_rata', '41.234567'));
    await buyAll(tenantId, buyers, ['3.33', '7.77', '19.99']);
    expect(await paidTo(tenantId)).toBe('41.234567');
    expect(await wrongCounters()).toEqual([]);
  });

  it('pay together exactly the company cap, and nothing after the purchase that would go over it', async () => {
    const tenantId = engine.newTenant();
    const { buyers } = await family(tenantId);
    await plan(tenantId, company('stop', '79.00'));
    await buyAll(tenantId, buyers, ['79.00']);
    expect(await paidTo(tenantId)).toBe('79.00');
    expect(await wrongCounters()).toEqual([]);
    const [later] = await recordTogether([engine.order(tenantId, buyers[0]!, { amount: usd('0.01') })]);
    expect(later!.commissions).toEqual([]);
  });

  it('never wait for each other in a circle, under two plans and limits of every kind', async () => {
    const tenantId = engine.newTenant();
    const { buyers } = await family(tenantId);
    const limits = { ...caps({ day: [usd('40.00')], lifetime: [usd('60.00')] }), ...company('pro_rata', '150.00') };
    await plan(tenantId, { levelsBps: [1000, 500], ...limits });
    await engine.addPlan(tenantId, { planId: 'usage', streams: ['usage'], levelsBps: [500, 1000], ...limits });
    const outcomes = await withWriters(3, (record) =>
      Promise.all(
        Array.from({ length: 240 }, (_, n) => {
          const stream = n % 2 === 0 ? 'usage' : 'subscription';
          return record(engine.order(tenantId, buyers[(n * 7) % 40]!, { amount: usd('9.99'), stream }), n);
        }),
      ),
    );
    expect(outcomes.every(({ kind }) => kind === 'recorded')).toBe(true);
    expect(await wrongCounters()).toEqual([]);
  });
});

describe('Within one group', () => {
  it('each purchase finds what those before it left, in the order of arrival', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, company('pro_rata', '10.00'));
    const amounts = ['40.00', '50.00', '20.00', '1.00'];
    const purchases = await recordTogether(
      amounts.map((amount) => engine.order(tenantId, buyer!, { amount: usd(amount) })),
    );
    expect(totals(purchases)).toEqual(['4.00', '5.00', '1.00', '0.00']);
    expect(purchases[2]!.commissions[0]!.cuts).toEqual([{ rule: 'company_cap', amountMicros: 1_000_000n }]);
    expect(purchases[3]!.snapshot.rooms?.company).toEqual({ leftMicros: 0n, closed: true });
    expect(await wrongCounters()).toEqual([]);
  });

  it('an own purchase counts for the qualification of those after it', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    await plan(tenantId, { qualification: [{ level: 1, minOwnPurchases: 1, minActiveReferrals: 0 }] });
    const orders = [buyer!, referrer!, buyer!].map((person) => engine.order(tenantId, person));
    expect(totals(await recordTogether(orders))).toEqual(['0.00', '0.00', '7.90']);
  });

  it('a plan without limits asks the database nothing more, a plan with caps two statements', async () => {
    const statementsOf = async (terms: Partial<typeof STANDARD>) => {
      const tenantId = engine.newTenant();
      const [buyer] = await engine.line(tenantId, 1);
      await plan(tenantId, terms);
      await engine.record(engine.order(tenantId, buyer!));
      const statements: string[] = [];
      const spy = (sql: Sql): Sql => ({
        query: (text, values) => {
          statements.push(text);
          return sql.query(text, values);
        },
      });
      const spied = (tx: DatabaseTransaction) => ({
        ...tx,
        ...spy(tx),
        opening: spy(tx.opening),
        unanswered: spy(tx.unanswered),
      });
      await recordTogether([engine.order(tenantId, buyer!)], (tx) => new PurchaseGroupStore(spied(tx), engine.tools));
      return statements;
    };
    const without = await statementsOf({});
    expect(without.filter((text) => /cap_counter|own_purchases/.test(text))).toEqual([]);
    expect(await statementsOf(company('stop', '99.00'))).toHaveLength(without.length + 2);
    const qualification = [{ level: 1, minOwnPurchases: 0, minActiveReferrals: 1 }];
    expect(await statementsOf({ qualification })).toHaveLength(without.length + 1);
  });
});

describe('Who qualifies', () => {
  it('has own purchases that are not refunded in full, and active referrals', async () => {
    const tenantId = engine.newTenant();
    const [buyer, referrer] = await engine.line(tenantId, 1);
    await plan(tenantId, { qualification: [{ level: 1, minOwnPurchases: 1, minActiveReferrals: 2 }] });
    const total = async () => formatDecimal((await engine.record(engine.order(tenantId, buyer!))).totalMicros);
    const own = await engine.record(engine.order(tenantId, referrer!));
    expect(await total()).toBe('0.00');
    const second = await engine.join(tenantId, referrer);
    expect(await total()).toBe('7.90');
    await engine.setStatus(tenantId, second, 'suspended');
    expect(await total()).toBe('0.00');
    await engine.setStatus(tenantId, second, 'active');
    expect(await total()).toBe('7.90');
    await refund(tenantId, own, '79.00');
    expect(await total()).toBe('0.00');
  });
});

async function refund(tenantId: TenantId, purchase: PurchaseRecord, amount: string): Promise<void> {
  const wanted = {
    tenantId,
    purchaseId: purchase.id,
    externalId: engine.newId(),
    reason: 'requested' as const,
    requested: usd(amount),
  };
  await inDatabaseTransaction(engine.pool, (tx) =>
    recordRefund(new RefundStore(tx, engine.outbox), wanted, { now: engine.clock.now(), newId: engine.newId }),
  );
}

describe('A cap', () => {
  it('has new room when its UTC day or month begins, by the time of recording; the lifetime has not', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, caps({ day: [usd('5.00')], month: [usd('9.00')], lifetime: [usd('16.00')] }));
    const buyAt = async (at: string) => {
      engine.clock.set(new Date(at));
      const order = engine.order(tenantId, buyer!, { occurredAt: START });
      return formatDecimal((await engine.record(order)).totalMicros);
    };
    expect(await buyAt('2026-06-29T23:59:59.999Z')).toBe('5.00');
    expect(await buyAt('2026-06-29T23:59:59.999Z')).toBe('0.00');
    expect(await buyAt('2026-06-30T00:00:00.000Z')).toBe('4.00');
    expect(await buyAt('2026-06-30T23:59:59.999Z')).toBe('0.00');
    expect(await buyAt('2026-07-01T00:00:00.000Z')).toBe('5.00');
    expect(await buyAt('2026-07-02T00:00:00.000Z')).toBe('2.00');
    expect(await wrongCounters()).toEqual([]);
  });

  it('of the company that is closed opens with the next period, and for a version with a higher cap', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, company('stop', '8.00'));
    const buy = async () => formatDecimal((await engine.record(engine.order(tenantId, buyer!))).totalMicros);
    expect([await buy(), await buy(), await buy()]).toEqual(['7.90', '0.00', '0.00']);
    engine.clock.set(new Date(START.getTime() + 1_000));
    await plan(tenantId, company('stop', '16.00'));
    expect([await buy(), await buy()]).toEqual(['7.90', '0.00']);
    engine.clock.set(new Date('2026-07-01T00:00:00.000Z'));
    expect([await buy(), await buy(), await buy()]).toEqual(['7.90', '7.90', '0.00']);
    expect(await wrongCounters()).toEqual([]);
  });

  it('holds in its own currency only, and gives no room back for a refund', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, { ...caps({ lifetime: [usd('7.90')] }), ...company('stop', '7.90', 'lifetime') });
    const first = await engine.record(engine.order(tenantId, buyer!));
    await refund(tenantId, first, '79.00');
    const [again, yen] = await recordTogether([
      engine.order(tenantId, buyer!),
      engine.order(tenantId, buyer!, { amount: { ...usd('100.00'), currency: 'JPY' as never } }),
    ]);
    expect(totals([first, again!, yen!])).toEqual(['7.90', '0.00', '10.00']);
  });

  it('counts the plan over its versions, whichever of them caps', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, caps({ lifetime: [usd('20.00')] }));
    await engine.record(engine.order(tenantId, buyer!));
    engine.clock.set(new Date(START.getTime() + 1_000));
    await plan(tenantId, {});
    await engine.record(engine.order(tenantId, buyer!));
    engine.clock.set(new Date(START.getTime() + 2_000));
    await plan(tenantId, caps({ lifetime: [usd('16.00')] }));
    const { totalMicros, commissions } = await engine.record(engine.order(tenantId, buyer!));
    expect(formatDecimal(totalMicros)).toBe('0.20');
    expect(commissions[0]!.cuts).toEqual([{ rule: 'beneficiary_lifetime', amountMicros: 7_700_000n }]);
  });
});

describe('What was recorded under limits', () => {
  it('is read back as it was answered, and computed again from what was stored', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 3);
    const version = await plan(tenantId, {
      levelsBps: [2000, 1000, 500],
      qualification: [{ level: 3, minOwnPurchases: 0, minActiveReferrals: 1 }],
      ...caps({ day: [usd('5.00')], lifetime: [usd('99.00')] }),
      ...company('pro_rata', '9.99'),
    });
    const purchases = await recordTogether([engine.order(tenantId, buyer!), engine.order(tenantId, buyer!)]);
    for (const purchase of purchases) {
      const found = await new PurchaseStore(engine.pool).byId(tenantId, purchase.id);
      expect(found).toEqual(purchase);
      const again = splitAgain(found!, version)!;
      expect(again.entries.map(({ amountMicros, cuts }) => [amountMicros, cuts])).toEqual(
        purchase.commissions.map(({ grossMicros, cuts }) => [grossMicros, cuts]),
      );
    }
    const lost = splitAgain(purchases[1]!, version)!.lost;
    expect(lost.map(({ level, cuts }) => [level, cuts.map(({ rule }) => rule)])).toEqual([
      [1, ['beneficiary_day', 'company_cap']],
      [2, ['beneficiary_day', 'company_cap']],
      [3, ['beneficiary_day', 'company_cap']],
    ]);
  });
});

describe('Counters', () => {
  /** A group that does something where its counters are locked and nothing of it is committed. */
  class DisturbedGroup extends PurchaseGroupStore {
    readonly #sql: Sql;
    readonly #disturb: (sql: Sql) => Promise<void>;

    constructor(sql: DatabaseTransaction, disturb: (sql: Sql) => Promise<void>) {
      super(sql, engine.tools);
      this.#sql = sql;
      this.#disturb = disturb;
    }

    override async saveCounters(counters: readonly Counter[]): Promise<void> {
      await super.saveCounters(counters);
      await this.#disturb(this.#sql);
    }
  }

  it.each<[string, (sql: Sql) => Promise<void>]>([
    ['rolled back', () => Promise.reject(new Error('a fault'))],
    [
      'cut off by the death of its connection',
      async (sql) => {
        const { rows } = await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        await engine.pool.query('SELECT pg_terminate_backend($1)', [rows[0]!.pid]);
        await sql.query('SELECT 1');
      },
    ],
  ])('are the sum of what was written after a group is %s', async (_, disturb) => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await plan(tenantId, { ...caps({ day: [usd('10.00')] }), ...company('stop', '10.00') });
    await engine.record(engine.order(tenantId, buyer!));
    const lost = recordTogether([engine.order(tenantId, buyer!)], (sql) => new DisturbedGroup(sql, disturb));
    await expect(lost).rejects.toThrow();
    expect(await wrongCounters()).toEqual([]);
    const [next] = await recordTogether([engine.order(tenantId, buyer!, { amount: usd('21.00') })]);
    expect(totals([next!])).toEqual(['2.10']);
    expect(await wrongCounters()).toEqual([]);
  });

  it('never fall, and are not deleted', async () => {
    const outcome = (sql: string) =>
      engine.pool.query(sql).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
    expect(await outcome('UPDATE cap_counter SET paid_micros = paid_micros - 1 WHERE paid_micros > 0')).toBe('23001');
    expect(await outcome('UPDATE cap_counter SET closed_at_cap_micros = NULL')).toBe('23001');
    expect(await outcome('DELETE FROM cap_counter')).toBe('42501');
    expect(await outcome("UPDATE cap_counter SET holder = 'company'")).toBe('42501');
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
    expect(await wrongCounters()).toEqual([]);
  });
});
