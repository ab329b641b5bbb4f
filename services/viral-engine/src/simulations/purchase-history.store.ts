import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { LRUCache } from 'lru-cache';
import { type Earner, type Standing, uplineNeeded } from '../commissions/split.js';
import { asPlanId, asPurchaseId, asUserId, type TenantId, type UserId } from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import { readStandings } from '../members/standing.store.js';
import { UPLINE } from '../members/upline.store.js';
import type { PlanCatalogue, PlanVersion } from '../plans/plan.js';
import { MAX_QUALIFICATION } from '../plans/plan-limits.js';
import { PlanCatalogues } from '../plans/plan.store.js';
import { SHIPPED_CATALOGUE } from '../plans/shipped-plans.js';
import type { PurchaseFactRow } from '../purchases/purchase-rows.store.js';
import { fromStored } from '../purchases/split-snapshot.store.js';
import { isUplineEnough, type PastPurchase, type ReplayedPurchase } from './plan-simulation.js';
import type { PurchaseHistory } from './simulate-plan.js';

/** Purchases that come at once; twice as many are in memory. */
const BATCH = 2_000;
/** Standings that are remembered; a few bytes each. */
const MAX_STANDINGS = 100_000;

interface Replay {
  readonly tenantId: TenantId;
  readonly from: Date;
  readonly to: Date;
  readonly proposed: PlanVersion;
  readonly plans: PlanCatalogue;
}

type PastPurchaseRow = Pick<
  PurchaseFactRow,
  | 'id'
  | 'buyer_id'
  | 'amount_micros'
  | 'currency'
  | 'occurred_at'
  | 'recorded_at'
  | 'plan_id'
  | 'plan_version'
  | 'split_snapshot'
>;

function toPastPurchase(tenantId: TenantId, row: PastPurchaseRow): PastPurchase {
  const { plan_id, plan_version } = row;
  return {
    tenantId,
    id: asPurchaseId(row.id),
    buyerId: asUserId(row.buyer_id),
    amountMicros: row.amount_micros,
    currency: currencyOf(row.currency),
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
    plan: plan_id === null || plan_version === null ? undefined : { id: asPlanId(plan_id), version: plan_version },
    snapshot: fromStored(row.split_snapshot),
  };
}

/**
 * Purchases for a replay, read through a cursor. Referrers are those that were stored with a purchase, with status and
 * boost as of then; only where the proposed plan reaches higher than that do the buyer's present referrers go on above
 * them. What qualification goes by is read as it stands now.
 */
export class PurchaseHistoryStore implements PurchaseHistory {
  readonly #sql: Sql;
  readonly #standings = new LRUCache<UserId, Standing>({ max: MAX_STANDINGS });

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async readPlans(tenantId: TenantId): Promise<PlanCatalogue> {
    return (await new PlanCatalogues().read(this.#sql, [tenantId])).get(tenantId) ?? SHIPPED_CATALOGUE;
  }

  async *replay(query: Replay): AsyncGenerator<ReplayedPurchase[]> {
    const { tenantId, from, to, proposed } = query;
    const { streams, productTags } = proposed;
    await this.#sql.query(
      `DECLARE replayed NO SCROLL CURSOR FOR
       SELECT id, buyer_id, amount_micros, currency, occurred_at, recorded_at, plan_id, plan_version, split_snapshot
       FROM purchase
       WHERE tenant_id = $1 AND recorded_at >= $2 AND recorded_at < $3
         AND ($4::boolean OR stream = ANY ($5::text[]) OR product_tag = ANY ($6::text[]))
       ORDER BY recorded_at, id`,
      [tenantId, from, to, streams.length + productTags.length === 0, streams, productTags],
    );
    const fetchSome = () => this.#sql.query<PastPurchaseRow>(`FETCH ${BATCH} FROM replayed`);
    let fetching = fetchSome();
    try {
      for (;;) {
        const { rows } = await fetching;
        if (rows.length === 0) return;
        const replayed = await this.#complete(
          rows.map((row) => toPastPurchase(tenantId, row)),
          query,
        );
        // The database reads on while these are replayed.
        fetching = fetchSome();
        yield replayed;
      }
    } finally {
      // The connection is used again when this ends, also when whoever replays has had enough.
      await fetching.catch(() => undefined);
    }
  }

  async #complete(
    purchases: readonly PastPurchase[],
    { tenantId, proposed, plans }: Replay,
  ): Promise<ReplayedPurchase[]> {
    const versions = new Map(plans.versions.map((version) => [`${version.planId}/${version.version}`, version]));
    const known = purchases.map((purchase) => {
      const { plan } = purchase;
      return { purchase, plan: plan && versions.get(`${plan.id}/${plan.version}`) };
    });
    const short = known.filter(({ purchase, plan }) => !isUplineEnough(purchase, plan, proposed));
    const above = await this.#readAbove(
      tenantId,
      short.map(({ purchase }) => purchase),
    );
    const completed = known.map(({ purchase, plan }) => {
      const upline = [...purchase.snapshot.upline, ...(above.get(purchase) ?? [])].slice(0, uplineNeeded(proposed));
      return { purchase, plan, upline };
    });
    return proposed.qualification.length === 0 ? completed : this.#withStandings(tenantId, completed);
  }

  /** The present referrers above those that were stored, where the buyer has not been moved since. */
  async #readAbove(tenantId: TenantId, purchases: readonly PastPurchase[]): Promise<Map<PastPurchase, Earner[]>> {
    if (purchases.length === 0) return new Map();
    const { rows: buyers } = await this.#sql.query<{ user_id: string; upline: string[] }>(
      `SELECT m.user_id, ${UPLINE} AS upline FROM member m WHERE m.tenant_id = $1 AND m.user_id = ANY ($2::uuid[])`,
      [tenantId, [...new Set(purchases.map(({ buyerId }) => buyerId))]],
    );
    const uplines = new Map(buyers.map(({ user_id, upline }) => [asUserId(user_id), upline.map(asUserId)]));
    const aboveOf = ({ buyerId, snapshot }: PastPurchase): UserId[] => {
      const upline = uplines.get(buyerId) ?? [];
      const isSame = snapshot.upline.every(({ userId }, index) => upline[index] === userId);
      return isSame ? upline.slice(snapshot.upline.length) : [];
    };
    const wanted = new Map(purchases.map((purchase) => [purchase, aboveOf(purchase)]));
    const { rows: people } = await this.#sql.query<{ user_id: string; status: MemberStatus; boost_bps: number }>(
      'SELECT user_id, status, boost_bps FROM member WHERE tenant_id = $1 AND user_id = ANY ($2::uuid[])',
      [tenantId, [...new Set([...wanted.values()].flat())]],
    );
    const earners = new Map(
      people.map((row): [UserId, Earner] => {
        const userId = asUserId(row.user_id);
        return [userId, { userId, status: row.status, boostBps: row.boost_bps }];
      }),
    );
    return new Map([...wanted].map(([purchase, ids]) => [purchase, ids.flatMap((id) => earners.get(id) ?? [])]));
  }

  async #withStandings(tenantId: TenantId, replayed: readonly ReplayedPurchase[]): Promise<ReplayedPurchase[]> {
    const standings = new Map<UserId, Standing>();
    const unknown = new Set<UserId>();
    for (const { userId } of replayed.flatMap(({ upline }) => upline)) {
      const standing = this.#standings.get(userId);
      if (standing === undefined) unknown.add(userId);
      else standings.set(userId, standing);
    }
    const refs = [...unknown].map((userId) => ({ tenantId, userId }));
    for (const { userId, standing } of await readStandings(this.#sql, refs, MAX_QUALIFICATION)) {
      standings.set(userId, standing);
      this.#standings.set(userId, standing);
    }
    return replayed.map((each) => ({
      ...each,
      upline: each.upline.map((earner) => ({ ...earner, standing: standings.get(earner.userId) })),
    }));
  }
}
