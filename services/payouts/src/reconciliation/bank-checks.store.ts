import type { OutsideCheck } from './rail-checks.store.js';

/** A statement may tell of a settled payout this many days late; past them the line is missing. */
const LATE_DAYS = 3;
/** What the bank booked for a whole file is looked for among the files sent up to this many days before. */
const BATCH_DAYS = 10;

/** A line that names a whole file of ours has made a report for each of its payouts, and bears the id of the first. */
const IS_OF_FILE = "l.report_id LIKE '%:%:%'";

/** Lines of statements and the payouts they are about one by one, by the reports that they made. */
const LINES = `
  SELECT r.reference AS payout_id, sum(l.amount_micros) AS micros, count(*) AS lines
  FROM bank_line l JOIN rail_report r ON r.tenant_id = $1 AND r.rail IN ('sepa', 'ach') AND r.report_id = l.report_id
  WHERE l.tenant_id = $1 AND l.report_id IS NOT NULL AND NOT ${IS_OF_FILE} GROUP BY r.reference`;

/** Lines that name a whole file of ours and were found to pay its payouts. */
const NAMED_FILE_LINES = `
  SELECT p.batch_id, l.statement_id, l.line, l.amount_micros
  FROM bank_line l
  JOIN rail_report r ON r.tenant_id = $1 AND r.rail IN ('sepa', 'ach') AND r.report_id = l.report_id
  JOIN payout p ON p.tenant_id = $1 AND p.id = r.reference AND p.batch_id IS NOT NULL
  WHERE l.tenant_id = $1 AND ${IS_OF_FILE}`;

/** One debit of exactly what a file pays, within days of its sending, where no line names the file; each file once. */
const LIKELY_FILE_LINES = `
  SELECT * FROM (
    SELECT DISTINCT ON (b.id) b.id AS batch_id, l.statement_id, l.line, l.amount_micros
    FROM payout_batch b
    JOIN bank_line l ON l.tenant_id = $1 AND l.report_id IS NULL AND l.currency = b.currency
      AND l.amount_micros = -b.amount_micros
      AND l.booked_on BETWEEN (b.sent_at AT TIME ZONE 'UTC')::date AND (b.sent_at AT TIME ZONE 'UTC')::date + ${BATCH_DAYS}
    WHERE b.tenant_id = $1 AND b.rail IN ('sepa', 'ach')
    ORDER BY b.id, l.booked_on, l.statement_id, l.line) AS likely
  WHERE batch_id NOT IN (SELECT batch_id FROM (${NAMED_FILE_LINES}) AS named)`;

/** Lines that stand for whole files. */
const FILE_LINES = `${NAMED_FILE_LINES} UNION ALL ${LIKELY_FILE_LINES}`;

const PAYABLE = '(p.amount_micros - p.withheld_micros)';

/** The ledger beside the statements of the house's bank. See OutsideCheck. */
export const BANK_CHECKS: readonly OutsideCheck[] = [
  {
    invariant: 'B1',
    // Missing only where a statement covers the time; how far statements reach is told with the sources.
    sql: `SELECT 'payout ' || p.id AS subject,
                 'it settled on ' || (s.taken_at AT TIME ZONE 'UTC')::date || ', and no statement has it' AS detail,
                 p.currency, -${PAYABLE} AS gap_micros
          FROM payout p
          JOIN payout_step s ON s.tenant_id = $1 AND s.payout_id = p.id AND s.step = 'settled'
          LEFT JOIN (${LINES}) AS l ON l.payout_id = p.id
          LEFT JOIN (SELECT DISTINCT batch_id FROM (${FILE_LINES}) AS line) AS b ON b.batch_id = p.batch_id
          WHERE p.tenant_id = $1 AND p.rail IN ('sepa', 'ach') AND p.status = 'settled'
            AND l.payout_id IS NULL AND b.batch_id IS NULL
            AND (s.taken_at AT TIME ZONE 'UTC')::date + ${LATE_DAYS} <=
                (SELECT max(closed_on) FROM bank_statement WHERE tenant_id = $1 AND currency = p.currency)`,
  },
  {
    invariant: 'B2',
    sql: `SELECT 'line ' || l.statement_id || ' ' || l.line AS subject,
                 format('the bank booked %s micros %s on %s, and no payout explains it', l.amount_micros, l.currency, l.booked_on) AS detail,
                 l.currency, -l.amount_micros AS gap_micros
          FROM bank_line l
          LEFT JOIN (${FILE_LINES}) AS b ON b.statement_id = l.statement_id AND b.line = l.line
          WHERE l.tenant_id = $1 AND l.amount_micros <> 0 AND b.batch_id IS NULL
            AND NOT EXISTS (SELECT FROM rail_report r JOIN payout p ON p.tenant_id = $1 AND p.id = r.reference AND p.rail = r.rail
                            WHERE r.tenant_id = $1 AND r.rail IN ('sepa', 'ach') AND r.report_id = l.report_id)`,
  },
  {
    invariant: 'B3',
    // The lines of a settled payout come to what it pays; those of one that came back, or never left, to nothing.
    sql: `SELECT 'payout ' || p.id AS subject,
                 format('it is %s and pays %s micros; %s of the bank make %s', p.status, ${PAYABLE},
                        CASE l.lines WHEN 1 THEN '1 line' ELSE l.lines || ' lines' END, l.micros) AS detail,
                 p.currency, -l.micros - CASE p.status WHEN 'settled' THEN ${PAYABLE} ELSE 0 END AS gap_micros
          FROM (${LINES}) AS l JOIN payout p ON p.tenant_id = $1 AND p.id = l.payout_id
          WHERE -l.micros <> CASE p.status WHEN 'settled' THEN ${PAYABLE} ELSE 0 END
            -- Booked within a file, and returned line by line.
            AND NOT (p.status = 'returned' AND l.micros = ${PAYABLE} AND p.batch_id IN (SELECT batch_id FROM (${FILE_LINES}) AS b))`,
  },
  {
    invariant: 'B3',
    // All lines about a file that was booked as a whole, those of its payouts too, come to what it has paid; payouts of it
    // that the rail has not ended yet may be part of that, or not.
    sql: `SELECT 'file ' || f.batch_id AS subject,
                 format('its payouts that settled come to %s micros, and %s more may; the bank booked %s for it', paid.settled, paid.open, f.micros + paid.lines) AS detail,
                 b.currency, -(f.micros + paid.lines) - paid.settled AS gap_micros
          FROM (SELECT batch_id, sum(amount_micros) AS micros FROM (${FILE_LINES}) AS line GROUP BY batch_id) AS f
          JOIN payout_batch b ON b.tenant_id = $1 AND b.id = f.batch_id
          JOIN (SELECT p.batch_id, coalesce(sum(l.micros), 0) AS lines,
                       coalesce(sum(${PAYABLE}) FILTER (WHERE p.status = 'settled'), 0) AS settled,
                       coalesce(sum(${PAYABLE}) FILTER (WHERE p.status IN ('submitted', 'unknown')), 0) AS open
                FROM payout p LEFT JOIN (${LINES}) AS l ON l.payout_id = p.id
                WHERE p.tenant_id = $1 AND p.batch_id IS NOT NULL GROUP BY p.batch_id) AS paid ON paid.batch_id = f.batch_id
          WHERE -(f.micros + paid.lines) NOT BETWEEN paid.settled AND paid.settled + paid.open`,
  },
  {
    invariant: 'B4',
    // Where the bank tells, payouts are compared one by one, so whatever else moves cash must be what mended a break.
    sql: `SELECT 'journal ' || j.id AS subject,
                 format('it moves cash by %s micros %s, and neither a payout nor a break explains it', g.amount_micros, a.currency) AS detail,
                 a.currency, NULL::numeric AS gap_micros
          FROM account a
          JOIN posting g ON g.tenant_id = $1 AND g.account_id = a.id
          JOIN journal j ON j.tenant_id = $1 AND j.id = g.journal_id AND j.payout_id IS NULL
          WHERE a.tenant_id = $1 AND a.kind = 'cash'
            AND EXISTS (SELECT FROM bank_statement b WHERE b.tenant_id = $1 AND b.currency = a.currency)
            AND NOT EXISTS (SELECT FROM break_step s WHERE s.tenant_id = $1 AND s.kind = 'corrected' AND j.id = ANY (s.journal_ids))`,
  },
  {
    invariant: 'B5',
    sql: `SELECT 'statement ' || id AS subject,
                 format('it opens with %s micros, the one before closed with %s on %s', opening_micros, before_micros, before_on) AS detail,
                 currency, NULL::numeric AS gap_micros
          FROM (SELECT id, currency, opening_micros,
                       lag(closing_micros) OVER following AS before_micros, lag(closed_on) OVER following AS before_on
                FROM bank_statement WHERE tenant_id = $1
                WINDOW following AS (PARTITION BY account, currency ORDER BY closed_on, opened_on, id)) AS statement
          WHERE before_micros <> opening_micros`,
  },
];
