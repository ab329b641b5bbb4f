import { prepared, type Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import { LRUCache } from 'lru-cache';
import { asPlanId, asTenantId, type PlanId, type TenantId } from '../ids.js';
import { lockOutSplits } from '../purchases/split-lock.store.js';
import type { PlanBook, PlanChange } from './change-plans.js';
import type { Compression, PlanCatalogue, PlanVersion, Recurring } from './plan.js';
import { fromStoredLimits, type StoredLimits, toStoredLimits } from './plan-limits.store.js';
import { SHIPPED_CATALOGUE } from './shipped-plans.js';

interface PlanVersionRow extends StoredLimits {
  tenant_id: string;
  plan_id: string;
  version: number;
  levels_bps: number[];
  website_bonus_bps: number;
  max_payout_bps: number;
  compression: Compression;
  hold_days: number;
  attribution_window_days: number;
  recurring: 'all' | 'first' | 'months';
  recurring_months: number | null;
  streams: string[];
  product_tags: string[];
  effective_from: Date;
}

interface PlanArchiveRow {
  tenant_id: string;
  plan_id: string;
  last_version: number;
  archived_at: Date;
}

interface CachedCatalogue {
  readonly revision: bigint;
  readonly catalogue: PlanCatalogue;
}

const MAX_CACHED_TENANTS = 10_000;
/** A join, because for `= ANY ($1)` Postgres plans every execution anew. */
const REVISIONS = prepared(
  `SELECT d.tenant_id, d.plan_id, d.revision FROM tenant_default_plan d
   JOIN unnest($1::uuid[]) AS asked (tenant_id) ON asked.tenant_id = d.tenant_id`,
);

/**
 * The plans of tenants, kept in memory and checked against the tenant's revision on every read: one number tells
 * whether the copy is current, so a change made through any replica is seen by the next purchase.
 */
export class PlanCatalogues {
  readonly #cached = new LRUCache<TenantId, CachedCatalogue>({ max: MAX_CACHED_TENANTS });

  /** Every tenant asked for is in the answer: one that never changed its plans has those that ship. */
  async read(sql: Sql, tenantIds: readonly TenantId[]): Promise<Map<TenantId, PlanCatalogue>> {
    const { rows } = await sql.query<{ tenant_id: string; plan_id: string; revision: bigint }>(REVISIONS, [tenantIds]);
    const stale = rows.filter((row) => this.#cached.get(asTenantId(row.tenant_id))?.revision !== row.revision);
    if (stale.length > 0) await this.#load(sql, stale);
    const changed = new Set(rows.map((row) => asTenantId(row.tenant_id)));
    return new Map(
      tenantIds.map((tenantId) => {
        const cached = changed.has(tenantId) ? this.#cached.get(tenantId)?.catalogue : undefined;
        return [tenantId, cached ?? SHIPPED_CATALOGUE];
      }),
    );
  }

  async #load(sql: Sql, defaults: { tenant_id: string; plan_id: string; revision: bigint }[]): Promise<void> {
    const { rows } = await sql.query<PlanVersionRow>(
      `SELECT tenant_id, plan_id, version, levels_bps, website_bonus_bps, max_payout_bps, compression, hold_days,
              attribution_window_days, recurring, recurring_months, streams, product_tags, qualification, beneficiary_caps, company_cap,
              effective_from
       FROM plan_version WHERE tenant_id = ANY ($1::uuid[]) ORDER BY tenant_id, plan_id, version`,
      [defaults.map((row) => row.tenant_id)],
    );
    const { rows: archives } = await sql.query<PlanArchiveRow>(
      'SELECT tenant_id, plan_id, last_version, archived_at FROM plan_archive WHERE tenant_id = ANY ($1::uuid[])',
      [defaults.map((row) => row.tenant_id)],
    );
    const byTenant = Map.groupBy(rows, (row) => row.tenant_id);
    for (const { tenant_id, plan_id, revision } of defaults) {
      const own = (byTenant.get(tenant_id) ?? []).map(toVersion);
      const archived = archives.filter((row) => row.tenant_id === tenant_id);
      const versions = [...SHIPPED_CATALOGUE.versions, ...own].map((version) => withArchive(version, archived));
      const catalogue = { versions, defaultPlanId: asPlanId(plan_id) };
      this.#cached.set(asTenantId(tenant_id), { revision, catalogue });
    }
  }
}

/** The plans of tenants as one open database transaction changes them. */
export class PlanStore implements PlanBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  lockOutSplits(): Promise<void> {
    return lockOutSplits(this.#sql);
  }

  async read(tenantId: TenantId): Promise<PlanCatalogue> {
    // A cache of its own is read anew: nothing is kept of what this database transaction may yet roll back.
    const catalogues = await new PlanCatalogues().read(this.#sql, [tenantId]);
    return catalogues.get(tenantId) ?? SHIPPED_CATALOGUE;
  }

  async addVersion(version: PlanVersion, { tenantId, changedBy, at }: PlanChange): Promise<void> {
    const { recurring } = version;
    const limits = toStoredLimits(version);
    await this.#sql.query(
      `INSERT INTO plan_version (tenant_id, plan_id, version, levels_bps, website_bonus_bps, max_payout_bps, compression,
         hold_days, attribution_window_days, recurring, recurring_months, streams, product_tags, qualification, beneficiary_caps, company_cap,
         effective_from, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
      [
        tenantId,
        version.planId,
        version.version,
        version.levelsBps,
        version.websiteBonusBps,
        version.maxPayoutBps,
        version.compression,
        version.holdDays,
        version.attributionWindowDays,
        typeof recurring === 'object' ? 'months' : recurring,
        typeof recurring === 'object' ? recurring.months : null,
        version.streams,
        version.productTags,
        JSON.stringify(limits.qualification),
        JSON.stringify(limits.beneficiary_caps),
        limits.company_cap && JSON.stringify(limits.company_cap),
        version.effectiveFrom,
        changedBy,
        at,
      ],
    );
  }

  async saveDefault(planId: PlanId, { tenantId, changedBy, at }: PlanChange): Promise<void> {
    await this.#sql.query(
      `INSERT INTO tenant_default_plan AS kept (tenant_id, plan_id, revision, changed_by, changed_at)
       VALUES ($1, $2, 1, $3, $4)
       ON CONFLICT (tenant_id) DO UPDATE
       SET plan_id = excluded.plan_id, revision = kept.revision + 1, changed_by = excluded.changed_by,
           changed_at = excluded.changed_at`,
      [tenantId, planId, changedBy, at],
    );
  }

  async archive(planId: PlanId, lastVersion: number, { tenantId, changedBy, at }: PlanChange): Promise<void> {
    await this.#sql.query(
      `INSERT INTO plan_archive (tenant_id, plan_id, last_version, archived_at, archived_by)
       VALUES ($1, $2, $3, $4, $5)`,
      [tenantId, planId, lastVersion, at, changedBy],
    );
  }

  async announce(planId: PlanId, planVersion: number, { tenantId, at }: PlanChange): Promise<void> {
    await this.#outbox.append(this.#sql, [
      outgoing({
        type: events.plansChanged,
        key: tenantId,
        tenantId,
        payload: { planId, planVersion, changedAt: at },
        occurredAt: at,
      }),
    ]);
  }
}

/** A version is archived by the first archive of its plan that came after it. */
function withArchive(version: PlanVersion, archives: readonly PlanArchiveRow[]): PlanVersion {
  const [first] = archives
    .filter((row) => row.plan_id === version.planId && row.last_version >= version.version)
    .map((row) => row.archived_at)
    .toSorted((a, b) => a.getTime() - b.getTime());
  return first === undefined ? version : { ...version, archivedAt: first };
}

function toVersion(row: PlanVersionRow): PlanVersion {
  return {
    planId: asPlanId(row.plan_id),
    version: row.version,
    levelsBps: row.levels_bps,
    websiteBonusBps: row.website_bonus_bps,
    maxPayoutBps: row.max_payout_bps,
    compression: row.compression,
    holdDays: row.hold_days,
    attributionWindowDays: row.attribution_window_days,
    recurring: toRecurring(row),
    streams: row.streams,
    productTags: row.product_tags,
    ...fromStoredLimits(row),
    effectiveFrom: row.effective_from,
  };
}

function toRecurring({ recurring, recurring_months }: PlanVersionRow): Recurring {
  if (recurring !== 'months') return recurring;
  if (recurring_months === null) throw new Error('A plan by months names no months');
  return { months: recurring_months };
}
