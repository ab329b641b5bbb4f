import { type DatabaseTransaction, prepared } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { IdempotencyStore } from '@dailydoco/http';
import { appendMoneyEvents } from '../commissions/money-event.store.js';
import type { Earner, Standing } from '../commissions/split.js';
import {
  asPlanId,
  asPurchaseId,
  asTenantId,
  asUserId,
  type PlanId,
  type PurchaseId,
  type TenantId,
  type UserId,
  type WebsiteId,
} from '../ids.js';
import type { MemberStatus } from '../members/member.js';
import { readStandings } from '../members/standing.store.js';
import { UPLINE } from '../members/upline.store.js';
import type { PlanCatalogue } from '../plans/plan.js';
import type { PlanCatalogues } from '../plans/plan.store.js';
import type { FirstPurchase } from '../plans/recurring.js';
import { MAX_QUALIFICATION } from '../plans/plan-limits.js';
import { lockCounters, saveCounters } from './cap-counter.store.js';
import type { Counter, CounterKey } from './cap-counters.js';
import { firstKey, type MemberRef, pairKey, refKey } from './group-keys.js';
import { insertPurchases } from './new-purchases.store.js';
import type { PurchaseOrder, PurchaseRecord } from './purchase.js';
import type { ClaimOutcome, KeyClaim, NewPurchases, PurchaseGroup } from './purchase-group.js';
import { readPurchasesByExternalId } from './purchase-rows.store.js';
import { shareSplitLock } from './split-lock.store.js';

export interface PurchaseGroupTools {
  readonly outbox: Outbox;
  readonly idempotency: IdempotencyStore;
  readonly catalogues: PlanCatalogues;
  readonly randomBytes: (count: number) => Uint8Array;
}

const LOCK_BUYERS = prepared(
  `SELECT m.tenant_id, m.user_id, ${UPLINE} AS upline FROM member m
   JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     ON asked.tenant_id = m.tenant_id AND asked.user_id = m.user_id
   ORDER BY m.tenant_id, m.user_id FOR NO KEY UPDATE OF m`,
);

const READ_WEBSITE_OWNERS = prepared(
  `SELECT w.tenant_id, w.website_id, w.owner_id, m.user_id IS NOT NULL AS is_member FROM website w
   JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, website_id)
     ON asked.tenant_id = w.tenant_id AND asked.website_id = w.website_id
   LEFT JOIN member m ON m.tenant_id = w.tenant_id AND m.user_id = w.owner_id`,
);

const READ_FIRST_PURCHASES = prepared(
  `SELECT r.tenant_id, r.buyer_id, r.plan_id, r.first_purchase_id, r.first_occurred_at
   FROM buyer_plan_recurrence r
   JOIN unnest($1::uuid[], $2::uuid[], $3::text[]) AS asked (tenant_id, buyer_id, plan_id)
     ON asked.tenant_id = r.tenant_id AND asked.buyer_id = r.buyer_id AND asked.plan_id = r.plan_id`,
);

const READ_EARNERS = prepared(
  `SELECT m.tenant_id, m.user_id, m.status, m.boost_bps FROM member m
   JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, user_id)
     ON asked.tenant_id = m.tenant_id AND asked.user_id = m.user_id`,
);

const CLAIM_EXTERNAL_IDS = prepared(
  `INSERT INTO purchase_key (tenant_id, external_id, purchase_id)
   SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) AS wanted (tenant_id, external_id, purchase_id)
   ORDER BY tenant_id, external_id COLLATE "C"
   ON CONFLICT (tenant_id, external_id) DO NOTHING
   RETURNING purchase_id`,
);

/** The group writer's statements: each of them concerns the whole group, whatever its size. */
export class PurchaseGroupStore implements PurchaseGroup {
  readonly #sql: DatabaseTransaction;
  readonly #tools: PurchaseGroupTools;

  constructor(sql: DatabaseTransaction, tools: PurchaseGroupTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  shareSplitLock(): Promise<void> {
    return shareSplitLock(this.#sql.opening);
  }

  async lockBuyers(buyers: readonly MemberRef[]): Promise<Map<string, readonly UserId[]>> {
    const { rows } = await this.#sql.opening.query<{ tenant_id: string; user_id: string; upline: string[] }>(
      LOCK_BUYERS,
      columns(buyers, 'tenantId', 'userId'),
    );
    return new Map(rows.map((row) => [pairKey(asTenantId(row.tenant_id), row.user_id), row.upline.map(asUserId)]));
  }

  async readWebsiteOwners(
    websites: readonly { tenantId: TenantId; websiteId: WebsiteId }[],
  ): Promise<Map<string, { ownerId: UserId; isMember: boolean }>> {
    if (websites.length === 0) return new Map();
    const { rows } = await this.#sql.opening.query<{
      tenant_id: string;
      website_id: string;
      owner_id: string;
      is_member: boolean;
    }>(READ_WEBSITE_OWNERS, columns(websites, 'tenantId', 'websiteId'));
    return new Map(
      rows.map((row) => [
        pairKey(asTenantId(row.tenant_id), row.website_id),
        { ownerId: asUserId(row.owner_id), isMember: row.is_member },
      ]),
    );
  }

  claimKeys(claims: readonly (KeyClaim | undefined)[]): Promise<ClaimOutcome[]> {
    return this.#tools.idempotency.claimKeys(this.#sql, claims);
  }

  saveAnswers(answers: readonly { claim: KeyClaim; status: number; body: unknown }[]): Promise<void> {
    return this.#tools.idempotency.saveAnswers(this.#sql.unanswered, answers);
  }

  async claimExternalIds(
    purchases: readonly { tenantId: TenantId; externalId: string; purchaseId: PurchaseId }[],
  ): Promise<Set<PurchaseId>> {
    const { rows } = await this.#sql.query<{ purchase_id: string }>(
      CLAIM_EXTERNAL_IDS,
      columns(purchases, 'tenantId', 'externalId', 'purchaseId'),
    );
    return new Set(rows.map((row) => asPurchaseId(row.purchase_id)));
  }

  findPurchases(keys: readonly Pick<PurchaseOrder, 'tenantId' | 'externalId'>[]): Promise<PurchaseRecord[]> {
    return readPurchasesByExternalId(this.#sql, keys);
  }

  readCatalogues(tenantIds: readonly TenantId[]): Promise<Map<TenantId, PlanCatalogue>> {
    return this.#tools.catalogues.read(this.#sql.opening, tenantIds);
  }

  async readFirstPurchases(
    refs: readonly { tenantId: TenantId; buyerId: UserId; planId: PlanId }[],
  ): Promise<Map<string, FirstPurchase>> {
    if (refs.length === 0) return new Map();
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      buyer_id: string;
      plan_id: string;
      first_purchase_id: string;
      first_occurred_at: Date;
    }>(READ_FIRST_PURCHASES, columns(refs, 'tenantId', 'buyerId', 'planId'));
    return new Map(
      rows.map((row) => {
        const buyerId = asUserId(row.buyer_id);
        const key = firstKey({ tenantId: asTenantId(row.tenant_id), buyerId, planId: asPlanId(row.plan_id) });
        return [key, { purchaseId: row.first_purchase_id, occurredAt: row.first_occurred_at }];
      }),
    );
  }

  async readEarners(people: readonly MemberRef[]): Promise<Map<string, Earner>> {
    if (people.length === 0) return new Map();
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      user_id: string;
      status: MemberStatus;
      boost_bps: number;
    }>(READ_EARNERS, columns(people, 'tenantId', 'userId'));
    return new Map(
      rows.map((row) => {
        const userId = asUserId(row.user_id);
        return [pairKey(asTenantId(row.tenant_id), userId), { userId, status: row.status, boostBps: row.boost_bps }];
      }),
    );
  }

  async readStandings(people: readonly MemberRef[]): Promise<Map<string, Standing>> {
    if (people.length === 0) return new Map();
    const known = await readStandings(this.#sql, people, MAX_QUALIFICATION);
    return new Map(known.map(({ standing, ...ref }) => [refKey(ref), standing]));
  }

  lockCounters(keys: readonly CounterKey[]): Promise<Counter[]> {
    return lockCounters(this.#sql, keys);
  }

  saveCounters(counters: readonly Counter[]): Promise<void> {
    return saveCounters(this.#sql.unanswered, counters);
  }

  async add(purchases: NewPurchases): Promise<void> {
    await Promise.all([
      insertPurchases(this.#sql, purchases, this.#tools.randomBytes),
      appendMoneyEvents(this.#sql.unanswered, this.#tools.outbox, purchases.events),
    ]);
  }
}

/** The members of rows as one array each, as `unnest` takes them. */
function columns<Row, Key extends keyof Row>(rows: readonly Row[], ...keys: Key[]): Row[Key][][] {
  return keys.map((key) => rows.map((row) => row[key]));
}
