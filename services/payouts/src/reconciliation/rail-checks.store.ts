import type { Invariant } from './break-case.js';

/**
 * A comparison of the ledger with somebody outside. `sql` selects what differs: subject, detail, currency and gap_micros,
 * the movement of the cash account that the books lack (credits positive), or null where no journal could make it good.
 * Its parameters: $1 the tenant, $2 the time, $3 and $4 rails and for how many hours each may keep a payout to itself.
 */
export interface OutsideCheck {
  readonly invariant: Invariant;
  readonly sql: string;
}

/** What the rail pays of a payout. */
const PAYABLE = '(p.amount_micros - p.withheld_micros)';

/** What the cash account did for a payout: it was credited while the payout stands settled. */
const CASH = `CASE p.status WHEN 'settled' THEN ${PAYABLE} ELSE 0 END`;

/** How a payment ended by all that its rail reported; null where the rail contradicts itself. */
const TOLD = `
  SELECT reference, rail,
         CASE WHEN bool_or(state = 'returned') THEN 'returned'
              WHEN bool_or(state = 'settled') AND bool_or(state = 'failed') THEN NULL
              WHEN bool_or(state = 'settled') THEN 'settled' ELSE 'failed' END AS state
  FROM rail_report
  WHERE tenant_id = $1 AND state IN ('settled', 'failed', 'returned')
    AND applied NOT IN ('unknown_reference', 'amount_mismatch')
  GROUP BY reference, rail`;

/** The ledger beside what rails told, and beside the sandbox's own memory. See OutsideCheck. */
export const RAIL_CHECKS: readonly OutsideCheck[] = [
  {
    invariant: 'R1',
    sql: `SELECT 'report ' || r.rail || ' ' || r.report_id AS subject,
                 'it says that ' || r.reference || ' is ' || r.state || ', and there is no such payout' AS detail,
                 r.currency, CASE r.state WHEN 'settled' THEN r.amount_micros WHEN 'returned' THEN -r.amount_micros END AS gap_micros
          FROM rail_report r
          WHERE r.tenant_id = $1 AND r.applied = 'unknown_reference' AND r.state NOT IN ('processing', 'absent')
            AND NOT EXISTS (SELECT FROM payout p WHERE p.tenant_id = $1 AND p.id = r.reference AND p.rail = r.rail)`,
  },
  {
    invariant: 'R1',
    // A payout is one payment of its rail; another one that names it has paid it again.
    sql: `SELECT 'report ' || r.rail || ' ' || r.report_id AS subject,
                 format('it tells of the payment %s; payout %s is the payment %s', r.rail_reference, p.id, p.rail_reference) AS detail,
                 p.currency, CASE r.state WHEN 'settled' THEN r.amount_micros END AS gap_micros
          FROM rail_report r JOIN payout p ON p.tenant_id = $1 AND p.id = r.reference AND p.rail = r.rail
          WHERE r.tenant_id = $1 AND r.state IN ('settled', 'returned') AND r.rail_reference <> p.rail_reference`,
  },
  {
    invariant: 'R1',
    sql: `SELECT 'payment sandbox ' || s.reference AS subject, 'the sandbox has it, and there is no such payout' AS detail,
                 s.currency, CASE s.outcome WHEN 'settled' THEN s.amount_micros END AS gap_micros
          FROM sandbox_payment s
          WHERE s.tenant_id = $1
            AND NOT EXISTS (SELECT FROM payout p WHERE p.tenant_id = $1 AND p.id = s.reference AND p.rail = 'sandbox')`,
  },
  {
    invariant: 'R2',
    sql: `SELECT 'payout ' || p.id AS subject,
                 'it is ' || p.status || '; ' || p.rail || ' says ' || coalesce(t.state, 'both settled and failed') AS detail,
                 p.currency, CASE WHEN t.state = 'settled' THEN ${PAYABLE} - (${CASH}) WHEN t.state IS NOT NULL THEN -(${CASH}) END AS gap_micros
          FROM (${TOLD}) AS t JOIN payout p ON p.tenant_id = $1 AND p.id = t.reference AND p.rail = t.rail
          -- A rail that is called may have told of the return in an answer. What failed here and came back there moved no cash.
          WHERE t.state IS NULL OR (t.state <> p.status AND NOT (t.state = 'settled' AND p.status = 'returned'))`,
  },
  {
    invariant: 'R2',
    sql: `SELECT 'payout ' || p.id AS subject, 'it is ' || p.status || '; the sandbox says ' || s.outcome AS detail,
                 p.currency, CASE s.outcome WHEN 'settled' THEN ${PAYABLE} - (${CASH}) ELSE -(${CASH}) END AS gap_micros
          FROM sandbox_payment s JOIN payout p ON p.tenant_id = $1 AND p.id = s.reference
          WHERE s.tenant_id = $1 AND CASE s.outcome
            WHEN 'failed' THEN p.status IN ('settled', 'returned')
            WHEN 'settled' THEN p.status IN ('failed', 'returned', 'cancelled')
            ELSE p.status IN ('failed', 'cancelled') END`,
  },
  {
    invariant: 'R3',
    sql: `SELECT 'report ' || r.rail || ' ' || r.report_id AS subject,
                 format('it tells of %s micros %s; payout %s pays %s micros %s', r.amount_micros, r.currency, p.id, ${PAYABLE}, p.currency) AS detail,
                 p.currency, CASE WHEN r.currency = p.currency AND r.state = 'settled' THEN r.amount_micros - (${CASH}) END AS gap_micros
          FROM rail_report r JOIN payout p ON p.tenant_id = $1 AND p.id = r.reference AND p.rail = r.rail
          WHERE r.tenant_id = $1 AND r.state IN ('settled', 'failed', 'returned')
            AND (r.amount_micros <> ${PAYABLE} OR r.currency <> p.currency)`,
  },
  {
    invariant: 'R3',
    sql: `SELECT 'payment sandbox ' || s.reference AS subject,
                 format('the sandbox has %s micros %s; the payout pays %s micros %s', s.amount_micros, s.currency, ${PAYABLE}, p.currency) AS detail,
                 p.currency, NULL::numeric AS gap_micros
          FROM sandbox_payment s JOIN payout p ON p.tenant_id = $1 AND p.id = s.reference
          WHERE s.tenant_id = $1 AND (s.amount_micros <> ${PAYABLE} OR s.currency <> p.currency)`,
  },
  {
    invariant: 'R4',
    sql: `SELECT 'payout ' || p.id AS subject,
                 format('%s told a fee of %s micros; the payout has %s', p.rail, t.fee_micros, p.fee_micros) AS detail,
                 p.currency, t.fee_micros - p.fee_micros AS gap_micros
          FROM (SELECT DISTINCT ON (reference, rail) reference, rail, fee_micros FROM rail_report
                -- Also of a payout that had ended otherwise by then: the rail has kept the fee all the same.
                WHERE tenant_id = $1 AND fee_micros IS NOT NULL AND applied IN ('recorded', 'contradiction')
                ORDER BY reference, rail, occurred_at DESC, report_id DESC) AS t
          JOIN payout p ON p.tenant_id = $1 AND p.id = t.reference AND p.rail = t.rail
          WHERE t.fee_micros <> p.fee_micros`,
  },
  {
    invariant: 'R4',
    sql: `SELECT 'payout ' || p.id AS subject,
                 format('its fee is %s micros, its journals book %s', p.fee_micros, coalesce(b.micros, 0)) AS detail,
                 p.currency, NULL::numeric AS gap_micros
          FROM payout p
          LEFT JOIN (SELECT j.payout_id, -sum(g.amount_micros) AS micros FROM account a
                     JOIN posting g ON g.tenant_id = $1 AND g.account_id = a.id
                     JOIN journal j ON j.tenant_id = $1 AND j.id = g.journal_id AND j.payout_id IS NOT NULL
                     WHERE a.tenant_id = $1 AND a.kind = 'payout_fees' GROUP BY j.payout_id) AS b ON b.payout_id = p.id
          WHERE p.tenant_id = $1 AND p.fee_micros <> coalesce(b.micros, 0)`,
  },
  {
    invariant: 'R5',
    sql: `SELECT 'payout ' || p.id AS subject, 'it is ' || p.status || ', and ' || p.rail || ' has told nothing of it' AS detail,
                 p.currency, NULL::numeric AS gap_micros
          FROM payout p
          WHERE p.tenant_id = $1 AND CASE
            WHEN p.rail IN ('sepa', 'ach') THEN p.status IN ('settled', 'returned')
              AND NOT EXISTS (SELECT FROM rail_report r WHERE r.tenant_id = $1 AND r.reference = p.id AND r.rail = p.rail
                              AND r.state = p.status)
              -- What finance told by hand has no report, and says so itself.
              AND NOT EXISTS (SELECT FROM payout_step s WHERE s.tenant_id = $1 AND s.payout_id = p.id
                              AND s.step = p.status AND s.taken_by IS NOT NULL)
            WHEN p.rail = 'sandbox' THEN p.status IN ('settled', 'returned')
              AND NOT EXISTS (SELECT FROM sandbox_payment s WHERE s.tenant_id = $1 AND s.reference = p.id)
            ELSE false END`,
  },
  {
    invariant: 'R6',
    sql: `SELECT 'payout ' || p.id AS subject,
                 'it is with ' || p.rail || ' since ' || to_char(s.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS detail,
                 p.currency, NULL::numeric AS gap_micros
          FROM payout p
          LEFT JOIN unnest($3::text[], $4::integer[]) AS patience (rail, hours) ON patience.rail = p.rail,
          LATERAL (SELECT min(taken_at) AS since FROM payout_step
                   WHERE tenant_id = $1 AND payout_id = p.id AND step = 'submitted') AS s
          WHERE p.tenant_id = $1 AND p.status IN ('submitted', 'unknown')
            AND s.since < $2::timestamptz - make_interval(hours => coalesce(patience.hours, 120))`,
  },
];
