import type { Sql } from '@dailydoco/database';
import { asPayoutId, type PayoutId, type TenantId } from '../ids.js';
import type { PayoutFacts } from './payout-facts.js';
import type { AskedFacts, RiskReads } from './risk-screen.js';
import { readTunings } from './tuning.store.js';
import type { Tuning } from './tuning.js';

interface LedgerRow {
  payout_id: string;
  balance_before: string;
  young: string;
  reversals: bigint;
  reversed: string;
  lowest: string | null;
}

interface PayoutRow {
  payout_id: string;
  added_at: Date;
  took_anothers_place: boolean;
  was_paid_before: boolean;
  last_day: bigint;
  last_week: string;
  history: string;
  ever_paid: boolean;
  people: bigint;
  disputes: bigint;
}

type LedgerFacts = Pick<PayoutFacts, 'balanceBeforeMicros' | 'youngMicros' | 'reversed' | 'lowestBalanceMicros'>;

/** What is known of payouts, in the database transaction that screens them: three statements for any number. */
export class PayoutFactsStore implements RiskReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  tunings(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, Tuning>> {
    return readTunings(this.#sql, tenantIds);
  }

  async facts(asked: readonly AskedFacts[]): Promise<ReadonlyMap<PayoutId, PayoutFacts>> {
    const ledger = await this.#ledgerFacts(asked);
    const rows = await this.#payoutRows(asked);
    const facts = asked.flatMap(({ payout }): [PayoutId, PayoutFacts][] => {
      const [books, row] = [ledger.get(payout.id), rows.get(payout.id)];
      return books === undefined || row === undefined ? [] : [[payout.id, { payout, ...books, ...toFacts(row) }]];
    });
    return new Map(facts);
  }

  /**
   * Of the account that the amount came from: what stood there, and what of it came or went lately. The latest ten
   * thousand postings before the payout's are looked at, at most.
   */
  async #ledgerFacts(asked: readonly AskedFacts[]): Promise<Map<PayoutId, LedgerFacts>> {
    const { rows } = await this.#sql.query<LedgerRow>(
      `SELECT asked.payout_id, taken.balance_after_micros - taken.amount_micros AS balance_before, lately.*
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[])
         AS asked (tenant_id, payout_id, person_id, currency, young_since, reversals_since, negative_since)
       JOIN account a ON a.tenant_id = asked.tenant_id AND a.owner_id = asked.person_id AND a.currency = asked.currency
         AND a.kind = 'available'
       JOIN journal request ON request.tenant_id = asked.tenant_id AND request.payout_id = asked.payout_id
         AND request.payout_step = 'requested'
       JOIN posting taken ON taken.tenant_id = asked.tenant_id AND taken.journal_id = request.id
         AND taken.account_id = a.id
       CROSS JOIN LATERAL (
         SELECT coalesce(sum(amount_micros) FILTER (WHERE purchase_id IS NOT NULL AND amount_micros > 0
                         AND recorded_at > asked.young_since), 0) AS young,
                count(*) FILTER (WHERE purchase_id IS NOT NULL AND amount_micros < 0
                         AND recorded_at > asked.reversals_since) AS reversals,
                coalesce(-sum(amount_micros) FILTER (WHERE purchase_id IS NOT NULL AND amount_micros < 0
                         AND recorded_at > asked.reversals_since), 0) AS reversed,
                min(balance_after_micros) FILTER (WHERE recorded_at > asked.negative_since) AS lowest
         FROM (SELECT p.tenant_id, p.journal_id, p.amount_micros, p.balance_after_micros FROM posting p
               WHERE p.tenant_id = a.tenant_id AND p.account_id = a.id AND p.position < taken.position
               ORDER BY p.position DESC LIMIT 10000) AS last
         JOIN journal j ON j.tenant_id = last.tenant_id AND j.id = last.journal_id
       ) AS lately`,
      [
        ...ids(asked),
        asked.map(({ payout }) => payout.currency),
        asked.map(({ windows }) => windows.youngSince),
        asked.map(({ windows }) => windows.reversalsSince),
        asked.map(({ windows }) => windows.negativeSince),
      ],
    );
    return new Map(rows.map((row) => [asPayoutId(row.payout_id), toLedgerFacts(row)]));
  }

  /** Of the method, with who else has its account (deleted methods count), and of the person's other payouts. */
  async #payoutRows(asked: readonly AskedFacts[]): Promise<Map<PayoutId, PayoutRow>> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT asked.payout_id, m.created_at AS added_at, others.*,
         EXISTS (SELECT 1 FROM payout_method older WHERE older.tenant_id = m.tenant_id AND older.person_id = m.person_id
           AND older.id <> m.id AND older.created_at < m.created_at) AS took_anothers_place,
         (SELECT greatest(1, count(DISTINCT same.person_id)) FROM payout_method same WHERE same.tenant_id = m.tenant_id
            AND same.kind = m.kind AND same.fingerprint = m.fingerprint) AS people,
         (SELECT count(*) FROM partner_dispute d WHERE d.tenant_id = asked.tenant_id AND d.person_id = asked.person_id
            AND d.decided_at IS NULL AND d.hold = 'already_available') AS disputes
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[],
                   $8::timestamptz[], $9::timestamptz[])
         AS asked (tenant_id, payout_id, person_id, method_id, currency, requested_at, day_since, week_since, history_since)
       JOIN payout_method m ON m.tenant_id = asked.tenant_id AND m.id = asked.method_id
       CROSS JOIN LATERAL (
         SELECT coalesce(bool_or(p.status = 'settled' AND p.method_id = asked.method_id), false) AS was_paid_before,
                coalesce(bool_or(p.status = 'settled'), false) AS ever_paid,
                count(*) FILTER (WHERE p.requested_at > asked.day_since) AS last_day,
                coalesce(sum(p.amount_micros) FILTER (WHERE p.currency = asked.currency
                  AND p.requested_at > asked.week_since), 0) AS last_week,
                coalesce(sum(p.amount_micros) FILTER (WHERE p.currency = asked.currency
                  AND p.requested_at > asked.history_since AND p.requested_at <= asked.week_since), 0) AS history
         FROM payout p
         WHERE p.tenant_id = asked.tenant_id AND p.person_id = asked.person_id
           AND (p.requested_at, p.id) < (asked.requested_at, asked.payout_id) AND p.status NOT IN ('failed', 'cancelled')
       ) AS others`,
      [
        ...ids(asked),
        asked.map(({ payout }) => payout.methodId),
        asked.map(({ payout }) => payout.currency),
        asked.map(({ payout }) => payout.requestedAt),
        asked.map(({ windows }) => windows.daySince),
        asked.map(({ windows }) => windows.weekSince),
        asked.map(({ windows }) => windows.historySince),
      ],
    );
    return new Map(rows.map((row) => [asPayoutId(row.payout_id), row]));
  }
}

function ids(asked: readonly AskedFacts[]): [string[], string[], string[]] {
  return [
    asked.map(({ payout }) => payout.tenantId),
    asked.map(({ payout }) => payout.id),
    asked.map(({ payout }) => payout.personId),
  ];
}

function toLedgerFacts(row: LedgerRow): LedgerFacts {
  return {
    balanceBeforeMicros: BigInt(row.balance_before),
    youngMicros: BigInt(row.young),
    reversed: { count: Number(row.reversals), micros: BigInt(row.reversed) },
    lowestBalanceMicros: row.lowest === null ? undefined : BigInt(row.lowest),
  };
}

function toFacts(row: PayoutRow): Pick<PayoutFacts, 'openDisputes' | 'method' | 'others'> {
  return {
    openDisputes: Number(row.disputes),
    method: {
      addedAt: row.added_at,
      tookAnothersPlace: row.took_anothers_place,
      wasPaidBefore: row.was_paid_before,
      people: Number(row.people),
    },
    others: {
      lastDay: Number(row.last_day),
      lastWeekMicros: BigInt(row.last_week),
      historyMicros: BigInt(row.history),
      everPaid: row.ever_paid,
    },
  };
}
