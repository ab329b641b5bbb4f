import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import { readRecords } from './tax-record.store.js';
import type { TaxRecord } from './tax-record.js';
import type { TaxReportReads, TaxTotal } from './tax-report.js';

/** A year's payments by the steps that payouts have taken, and what was withheld from them by the ledger. */
export class TaxReportStore implements TaxReportReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async totals(query: {
    tenantId: TenantId;
    year: number;
    after: UserId | undefined;
    limit: number;
  }): Promise<readonly TaxTotal[]> {
    const { rows } = await this.#sql.query<{
      person_id: string;
      rail: RailKind;
      currency: string;
      payouts: bigint;
      paid: string;
      withheld: string;
    }>(
      `WITH settled AS (
         SELECT p.person_id, m.kind AS rail, p.currency, p.amount_micros, coalesce(tax.micros, 0) AS withheld_micros
         FROM payout p
         JOIN payout_method m ON m.tenant_id = p.tenant_id AND m.id = p.method_id
         LEFT JOIN LATERAL (
           SELECT sum(t.amount_micros) AS micros FROM journal j
           JOIN posting t ON t.tenant_id = j.tenant_id AND t.journal_id = j.id
           JOIN account a ON a.tenant_id = t.tenant_id AND a.id = t.account_id AND a.kind = 'tax_payable'
           WHERE j.tenant_id = p.tenant_id AND j.payout_id = p.id
         ) AS tax ON true
         WHERE p.tenant_id = $1 AND ($2::uuid IS NULL OR p.person_id > $2) AND p.status = 'settled'
           AND EXISTS (SELECT 1 FROM payout_step s WHERE s.tenant_id = p.tenant_id AND s.payout_id = p.id
             AND s.step = 'settled' AND s.taken_at >= $3 AND s.taken_at < $4)
       ), person AS (SELECT DISTINCT person_id FROM settled ORDER BY person_id LIMIT $5)
       SELECT person_id, rail, currency, count(*) AS payouts, sum(amount_micros) AS paid, sum(withheld_micros) AS withheld
       FROM settled JOIN person USING (person_id)
       GROUP BY person_id, rail, currency ORDER BY person_id, rail, currency`,
      [
        query.tenantId,
        query.after ?? null,
        new Date(Date.UTC(query.year, 0, 1)),
        new Date(Date.UTC(query.year + 1, 0, 1)),
        query.limit,
      ],
    );
    return rows.map(({ person_id, rail, currency, payouts, paid, withheld }) => ({
      personId: asUserId(person_id),
      rail,
      currency: currencyOf(currency),
      payouts: Number(payouts),
      paidMicros: BigInt(paid),
      withheldMicros: BigInt(withheld),
    }));
  }

  records(people: readonly { tenantId: TenantId; personId: UserId }[]): Promise<readonly TaxRecord[]> {
    return readRecords(this.#sql, people);
  }
}
