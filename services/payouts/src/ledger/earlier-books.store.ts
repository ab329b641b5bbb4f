import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import { type BalanceRow, toBalances } from './ledger-reads.store.js';
import type { Balance, EarlierBooks, TrialBalance } from './read-ledger.js';

/** The last period that ended by then and whose balances are kept; what came after is summed up. $1 tenant, $2 moment. */
const KEPT = `kept AS MATERIALIZED (
  SELECT p.period, p.ends_at FROM ledger_period p JOIN period_snapshot USING (tenant_id, period)
  WHERE p.tenant_id = $1 AND p.ends_at <= $2 ORDER BY p.ends_at DESC LIMIT 1)`;

/** The books as they stood at a moment, from the last kept balances before it. */
export class EarlierBooksStore implements EarlierBooks {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async balancesOf(tenantId: TenantId, personId: UserId, asOf: Date): Promise<Balance[]> {
    const { rows } = await this.#sql.query<BalanceRow>(
      `WITH ${KEPT}, own AS MATERIALIZED (
         SELECT tenant_id, id, kind, currency FROM account WHERE tenant_id = $1 AND owner_id = $3)
       SELECT own.currency, own.kind, own.id, coalesce(last.balance_micros, 0) + coalesce(since.sum, 0) AS micros
       FROM own
       LEFT JOIN LATERAL (
         SELECT b.balance_micros, b.open_from FROM period_balance b
         WHERE b.tenant_id = own.tenant_id AND b.account_id = own.id AND b.period <= (SELECT period FROM kept)
         ORDER BY b.period DESC LIMIT 1) AS last ON true
       LEFT JOIN LATERAL (
         SELECT sum(g.amount_micros) FROM posting g
         JOIN journal j ON j.tenant_id = g.tenant_id AND j.id = g.journal_id
         WHERE g.tenant_id = own.tenant_id AND g.account_id = own.id AND g.position >= coalesce(last.open_from, 1)
           AND j.recorded_at <= $2 AND j.recorded_at >= coalesce((SELECT ends_at FROM kept), '-infinity')) AS since ON true
       WHERE last.balance_micros IS NOT NULL OR since.sum IS NOT NULL
       UNION ALL
       SELECT own.currency, 'paid', NULL, -sum(g.amount_micros)
       FROM own JOIN posting g ON g.tenant_id = own.tenant_id AND g.account_id = own.id
       JOIN journal j ON j.tenant_id = g.tenant_id AND j.id = g.journal_id
       WHERE j.recorded_at <= $2
         AND (own.kind, j.payout_step) IN (('in_transit', 'settled'), ('available', 'returned'))
       GROUP BY own.currency`,
      [tenantId, asOf, personId],
    );
    return toBalances(rows);
  }

  async trialBalance(tenantId: TenantId, asOf: Date): Promise<TrialBalance[]> {
    const { rows } = await this.#sql.query<{ currency: string; debit: string; credit: string }>(
      `WITH ${KEPT}, part AS (
         SELECT * FROM (
           SELECT DISTINCT ON (b.account_id) b.account_id, b.balance_micros AS micros FROM period_balance b
           WHERE b.tenant_id = $1 AND b.period <= (SELECT period FROM kept)
           ORDER BY b.account_id, b.period DESC) AS last
         UNION ALL
         SELECT g.account_id, sum(g.amount_micros) FROM journal j
         JOIN posting g ON g.tenant_id = j.tenant_id AND g.journal_id = j.id
         WHERE j.tenant_id = $1 AND j.recorded_at <= $2
           AND j.recorded_at >= coalesce((SELECT ends_at FROM kept), '-infinity') GROUP BY g.account_id)
       SELECT a.currency, sum(greatest(-whole.micros, 0)) AS debit, sum(greatest(whole.micros, 0)) AS credit
       FROM (SELECT account_id, sum(micros) AS micros FROM part GROUP BY account_id) AS whole
       JOIN account a ON a.tenant_id = $1 AND a.id = whole.account_id
       GROUP BY a.currency ORDER BY a.currency`,
      [tenantId, asOf],
    );
    return rows.map(({ currency, debit, credit }) => ({
      currency: currencyOf(currency),
      debitMicros: BigInt(debit),
      creditMicros: BigInt(credit),
    }));
  }
}
