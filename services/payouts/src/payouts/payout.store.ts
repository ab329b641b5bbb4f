import type { Sql } from '@dailydoco/database';
import type { Outbox } from '@dailydoco/events';
import type { PayoutId, PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { LedgerStore } from '../ledger/ledger.store.js';
import type { RequestTerms } from '../policies/request-terms.js';
import { readRequestTerms } from '../policies/request-terms.store.js';
import type { RailKind, RailReport } from '../rails/rail.js';
import type { Change, PayoutOrder } from './change-payout.js';
import { COLUMNS, eventOf, type PayoutRow, toPayout } from './payout-rows.store.js';
import { feeJournalOf, journalsOf, type Payout } from './payout.js';
import type { Withholding } from './screen.js';
import type { ReportBook, StoredReport } from './receive-reports.js';

export interface PayoutStoreGiven {
  readonly ledger: LedgerStore;
  readonly outbox: Outbox;
  /** Asked when a payout is asked for, in the same database transaction; absent where none is. */
  readonly withholding?: ((sql: Sql) => Withholding) | undefined;
}

/** Payouts, as one open database transaction sees them. */
export class PayoutStore implements ReportBook {
  readonly #sql: Sql;
  readonly #ledger: LedgerStore;
  readonly #outbox: Outbox;
  readonly #withholding: Withholding | undefined;

  constructor(sql: Sql, given: PayoutStoreGiven) {
    this.#sql = sql;
    this.#ledger = given.ledger;
    this.#outbox = given.outbox;
    this.#withholding = given.withholding?.(sql);
  }

  async railOf(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<RailKind | undefined> {
    const { rows } = await this.#sql.query<{ kind: RailKind }>(
      `SELECT kind FROM payout_method WHERE tenant_id = $1 AND id = $2 AND person_id = $3 AND deleted_at IS NULL`,
      [tenantId, methodId, personId],
    );
    return rows[0]?.kind;
  }

  terms({ amount: { currency }, ...of }: PayoutOrder): Promise<RequestTerms> {
    return readRequestTerms(this.#sql, { ...of, currency });
  }

  async withheldBps({ tenantId, personId }: PayoutOrder, at: Date): Promise<number> {
    const rates = await this.#withholding?.bpsOf([{ tenantId, personId }], at);
    return rates?.get(personId) ?? 0;
  }

  async lock(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined> {
    const [payout] = await this.lockAll([{ tenantId, id }]);
    return payout;
  }

  async lockAll(keys: readonly Pick<Payout, 'tenantId' | 'id'>[]): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE (p.tenant_id, p.id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
       ORDER BY p.tenant_id, p.id FOR NO KEY UPDATE`,
      [keys.map(({ tenantId }) => tenantId), keys.map(({ id }) => id)],
    );
    return rows.map(toPayout);
  }

  async frozenAmong(payouts: readonly Payout[]): Promise<ReadonlySet<Payout['id']>> {
    const { rows } = await this.#sql.query<{ id: Payout['id'] }>(
      `SELECT asked.id FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS asked (tenant_id, person_id, id)
       WHERE NOT may_be_sent(asked.tenant_id, asked.person_id)`,
      [payouts.map(({ tenantId }) => tenantId), payouts.map(({ personId }) => personId), payouts.map(({ id }) => id)],
    );
    return new Set(rows.map(({ id }) => id));
  }

  async add(changes: readonly Change[]): Promise<void> {
    const payouts = changes.map(({ payout }) => payout);
    await this.#sql.query(
      `INSERT INTO payout (tenant_id, id, person_id, method_id, rail, amount_micros, withheld_micros, currency,
                           requested_at, status, changed_at, ask_at)
       SELECT tenant_id, id, person_id, method_id, rail, amount_micros, withheld_micros, currency, requested_at,
              'requested', requested_at, ask_at
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::bigint[], $8::text[],
                   $9::timestamptz[], $10::timestamptz[])
         AS new (tenant_id, id, person_id, method_id, rail, amount_micros, withheld_micros, currency, requested_at, ask_at)`,
      [
        payouts.map(({ tenantId }) => tenantId),
        payouts.map(({ id }) => id),
        payouts.map(({ personId }) => personId),
        payouts.map(({ methodId }) => methodId),
        payouts.map(({ rail }) => rail),
        payouts.map(({ amountMicros }) => amountMicros),
        payouts.map(({ withheldMicros }) => withheldMicros),
        payouts.map(({ currency }) => currency),
        payouts.map(({ requestedAt }) => requestedAt),
        changes.map(({ askAt }) => askAt ?? null),
      ],
    );
    await this.#steps(changes);
  }

  async take(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#save(changes);
    await this.#steps(changes);
  }

  async keep(changes: readonly Change[]): Promise<void> {
    if (changes.length === 0) return;
    await this.#save(changes);
    await this.#ledger.write(changes.flatMap(feeJournals));
  }

  /** The last change of each payout is what stands. */
  async #save(changes: readonly Change[]): Promise<void> {
    const last = [...new Map(changes.map((change) => [change.payout.id, change])).values()];
    const payouts = last.map(({ payout }) => payout);
    await this.#sql.query(
      `UPDATE payout p SET status = new.status, reason = new.reason, changed_at = new.changed_at, ask_at = new.ask_at,
         fee_micros = new.fee_micros, rail_reference = new.rail_reference, batch_id = new.batch_id
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::bigint[],
                   $8::text[], $9::uuid[])
         AS new (tenant_id, id, status, reason, changed_at, ask_at, fee_micros, rail_reference, batch_id)
       WHERE p.tenant_id = new.tenant_id AND p.id = new.id`,
      [
        payouts.map(({ tenantId }) => tenantId),
        payouts.map(({ id }) => id),
        payouts.map(({ status }) => status),
        payouts.map(({ reason }) => reason ?? null),
        payouts.map(({ changedAt }) => changedAt),
        last.map(({ askAt }) => askAt ?? null),
        payouts.map(({ feeMicros }) => feeMicros),
        payouts.map(({ railReference }) => railReference ?? null),
        payouts.map(({ batchId }) => batchId ?? null),
      ],
    );
  }

  /** The steps, those of money once for ever by their key, with their journals and their events. */
  async #steps(changes: readonly Change[]): Promise<void> {
    const payouts = changes.map(({ payout }) => payout);
    await this.#sql.query(
      `INSERT INTO payout_step (tenant_id, payout_id, step, reason, taken_at, taken_by, note)
       SELECT tenant_id, payout_id, step, reason, taken_at, taken_by, note
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::uuid[], $7::text[])
         WITH ORDINALITY AS new (tenant_id, payout_id, step, reason, taken_at, taken_by, note, n) ORDER BY n`,
      [
        payouts.map(({ tenantId }) => tenantId),
        payouts.map(({ id }) => id),
        payouts.map(({ status }) => status),
        payouts.map(({ reason }) => reason ?? null),
        payouts.map(({ changedAt }) => changedAt),
        changes.map(({ by }) => by ?? null),
        changes.map(({ note }) => note ?? null),
      ],
    );
    await this.#ledger.write(
      changes.flatMap((change) => [
        ...journalsOf(change.payout, change.payout.status, change.payout.changedAt),
        ...feeJournals(change),
      ]),
    );
    await this.#outbox.append(this.#sql, payouts.map(eventOf));
  }

  async newReports(reports: readonly RailReport[]): Promise<RailReport[]> {
    const byKey = new Map(reports.toReversed().map((report) => [reportKey(report), report]));
    const { rows } = await this.#sql.query<ReportRow>(
      `SELECT tenant_id, rail, report_id FROM rail_report
       WHERE (tenant_id, rail, report_id) IN (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[]))`,
      [
        reports.map(({ tenantId }) => tenantId),
        reports.map(({ rail }) => rail),
        reports.map(({ reportId }) => reportId),
      ],
    );
    for (const row of rows) byKey.delete(rowKey(row));
    const fresh = new Set(byKey.values());
    return reports.filter((report) => fresh.has(report));
  }

  async addReports(stored: readonly StoredReport[], receivedAt: Date): Promise<void> {
    if (stored.length === 0) return;
    // In one order, so that two deliveries that share reports wait for each other instead of both.
    const ordered = stored.toSorted((one, other) => (reportKey(one.report) < reportKey(other.report) ? -1 : 1));
    const reports = ordered.map(({ report }) => report);
    const { rows } = await this.#sql.query<ReportRow>(
      `INSERT INTO rail_report (tenant_id, rail, report_id, reference, state, reason, amount_micros, currency, fee_micros,
                                rail_reference, occurred_at, applied, received_at)
       SELECT *, $13::timestamptz
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::bigint[], $8::text[],
                   $9::bigint[], $10::text[], $11::timestamptz[], $12::text[])
       ON CONFLICT DO NOTHING RETURNING tenant_id, rail, report_id`,
      [
        reports.map(({ tenantId }) => tenantId),
        reports.map(({ rail }) => rail),
        reports.map(({ reportId }) => reportId),
        reports.map(({ reference }) => reference),
        reports.map(({ answer }) => answer.state),
        reports.map(({ answer }) => answer.reason ?? null),
        reports.map(({ amountMicros }) => amountMicros ?? null),
        reports.map(({ currency }) => currency ?? null),
        reports.map(({ answer }) => answer.feeMicros ?? null),
        reports.map(({ answer }) => answer.railReference ?? null),
        reports.map(({ occurredAt }) => occurredAt),
        ordered.map(({ applied }) => applied),
        receivedAt,
      ],
    );
    // What moved money must be kept as its reason. Only two reports of one id about different payouts can meet here, since
    // those about one wait for its lock. What moved nothing is as well kept by another delivery.
    const added = new Set(rows.map(rowKey));
    const isLost = stored.some(({ report, applied }) => applied === 'recorded' && !added.has(reportKey(report)));
    if (isLost) throw new Error('a report was stored by somebody else meanwhile');
  }
}

function feeJournals({ payout, chargedMicros }: Change) {
  return chargedMicros === undefined ? [] : [feeJournalOf(payout, chargedMicros, payout.changedAt)];
}

interface ReportRow {
  tenant_id: string;
  rail: string;
  report_id: string;
}

function rowKey(row: ReportRow): string {
  return `${row.tenant_id} ${row.rail} ${row.report_id}`;
}

function reportKey({ tenantId, rail, reportId }: RailReport): string {
  return `${tenantId} ${rail} ${reportId}`;
}
