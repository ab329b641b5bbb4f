import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPayoutId, asTenantId, type PayoutId, type TenantId, type UserId } from '../ids.js';
import type { Payout } from '../payouts/payout.js';
import { policyOf, type TaxPolicy, type TaxPolicyChoice, type TaxThreshold } from './tax-policy.js';
import type { TaxPolicyBook, TaxPolicyChange } from './tax-policies.js';
import { readRecords } from './tax-record.store.js';
import type { TaxRecord } from './tax-record.js';
import type { TaxReads } from './tax-screen.js';

/** Whose thresholds hold for every tenant that has none of its own. */
const EVERYBODY = asTenantId('00000000-0000-0000-0000-000000000000');

/** The policies of those tenants who have set one. */
export async function readPolicies(sql: Sql, tenantIds: readonly TenantId[]): Promise<Map<TenantId, TaxPolicy>> {
  const { rows } = await sql.query<{ tenant_id: string; version: number; choice: TaxPolicyChoice }>(
    `SELECT last.* FROM unnest($1::uuid[]) AS asked (tenant_id)
     CROSS JOIN LATERAL (
       SELECT tenant_id, version, choice FROM tax_policy p
       WHERE p.tenant_id = asked.tenant_id ORDER BY version DESC LIMIT 1
     ) AS last`,
    [tenantIds],
  );
  return new Map(rows.map((row) => [asTenantId(row.tenant_id), policyOf(row.choice, row.version)]));
}

/** The thresholds that hold for each tenant: its own of a form and currency, else everybody's. */
export async function readThresholds(
  sql: Sql,
  tenantIds: readonly TenantId[],
): Promise<Map<TenantId, readonly TaxThreshold[]>> {
  const { rows } = await sql.query<{
    tenant_id: string;
    form: string;
    currency: string;
    from_year: number;
    amount_micros: bigint;
  }>(
    `SELECT tenant_id, form, currency, from_year, amount_micros FROM tax_threshold
     WHERE tenant_id = ANY ($1::uuid[]) ORDER BY form, currency, from_year`,
    [[EVERYBODY, ...tenantIds]],
  );
  const all = rows.map(({ tenant_id, form, currency, from_year: fromYear, amount_micros: amountMicros }) => ({
    ownedBy: asTenantId(tenant_id),
    threshold: { form, currency: currencyOf(currency), fromYear, amountMicros },
  }));
  const thresholdsOf = (tenantId: TenantId): TaxThreshold[] => {
    const own = all.filter(({ ownedBy }) => ownedBy === tenantId).map(({ threshold }) => threshold);
    const everybodys = all.filter(({ ownedBy }) => ownedBy === EVERYBODY).map(({ threshold }) => threshold);
    const isOwn = ({ form, currency }: TaxThreshold): boolean =>
      own.some((each) => each.form === form && each.currency === currency);
    return [...own, ...everybodys.filter((each) => !isOwn(each))];
  };
  return new Map(tenantIds.map((tenantId) => [tenantId, thresholdsOf(tenantId)]));
}

/** What is known of payouts for tax, in the database transaction that screens them. */
export class TaxFactsStore implements TaxReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  records(people: readonly { tenantId: TenantId; personId: UserId }[]): Promise<readonly TaxRecord[]> {
    return readRecords(this.#sql, people);
  }

  policies(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, TaxPolicy>> {
    return readPolicies(this.#sql, tenantIds);
  }

  thresholds(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, readonly TaxThreshold[]>> {
    return readThresholds(this.#sql, tenantIds);
  }

  async totalsBefore(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, bigint>> {
    const years = payouts.map(({ requestedAt }) => requestedAt.getUTCFullYear());
    const { rows } = await this.#sql.query<{ id: string; total: string }>(
      `SELECT asked.id, sum(p.amount_micros) AS total
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
         AS asked (tenant_id, id, person_id, currency, requested_at, year_from, year_to)
       JOIN payout p ON p.tenant_id = asked.tenant_id AND p.person_id = asked.person_id AND p.id <> asked.id
         AND p.currency = asked.currency
       WHERE CASE WHEN p.status = 'settled' THEN EXISTS (
           SELECT 1 FROM payout_step s WHERE s.tenant_id = p.tenant_id AND s.payout_id = p.id AND s.step = 'settled'
             AND s.taken_at >= asked.year_from AND s.taken_at < asked.year_to)
         ELSE p.status NOT IN ('failed', 'cancelled', 'returned')
           AND (p.requested_at, p.id) < (asked.requested_at, asked.id) END
       GROUP BY asked.id`,
      [
        payouts.map(({ tenantId }) => tenantId),
        payouts.map(({ id }) => id),
        payouts.map(({ personId }) => personId),
        payouts.map(({ currency }) => currency),
        payouts.map(({ requestedAt }) => requestedAt),
        years.map((year) => new Date(Date.UTC(year, 0, 1))),
        years.map((year) => new Date(Date.UTC(year + 1, 0, 1))),
      ],
    );
    return new Map(rows.map(({ id, total }) => [asPayoutId(id), BigInt(total)]));
  }
}

/** The policy of a tenant in an open database transaction. */
export class TaxPolicyStore implements TaxPolicyBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lock(tenantId: TenantId): Promise<TaxPolicy | undefined> {
    await this.#sql.query("SELECT pg_advisory_xact_lock(hashtextextended('tax policy ' || $1, 0))", [tenantId]);
    return (await readPolicies(this.#sql, [tenantId])).get(tenantId);
  }

  async add({ tenantId, choice, changedBy, reason, changedAt }: TaxPolicyChange, version: number): Promise<void> {
    await this.#sql.query(
      `INSERT INTO tax_policy (tenant_id, version, choice, changed_by, reason, changed_at)
       VALUES ($1, $2, $3::jsonb, $4, $5, $6)`,
      [tenantId, version, JSON.stringify(choice), changedBy, reason, changedAt],
    );
  }
}
