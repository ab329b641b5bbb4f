import type { Sql } from '@dailydoco/database';
import type { RailAnswer } from './change-payout.js';
import type { Payout } from './payout.js';
import type { Rail } from './submit-payouts.js';

type Outcome = 'settled' | 'failed' | 'returned';

/** A returned payment settles first; asked again after this long, it has come back. */
const RETURNS_AFTER_MS = 1_000;

/**
 * A rail without a bank behind it, for trying out and for tests: each method says how payments to it end. It keeps a
 * memory of its own, by reference, as a bank would, so that a payment asked for twice is one payment.
 */
export class SandboxRail implements Rail {
  readonly #sql: Sql;
  readonly #clock: { now(): Date };

  constructor(sql: Sql, clock: { now(): Date }) {
    this.#sql = sql;
    this.#clock = clock;
  }

  async pay({ tenantId, id, methodId, amountMicros, currency }: Payout): Promise<RailAnswer> {
    const { rows } = await this.#sql.query<{ outcome: Outcome; times_asked: number; amount_micros: bigint }>(
      `INSERT INTO sandbox_payment AS known (tenant_id, reference, amount_micros, currency, outcome, first_asked_at)
       SELECT $1, $2, $4, $5, m.sandbox_outcome, $6 FROM payout_method m WHERE m.tenant_id = $1 AND m.id = $3
       ON CONFLICT (tenant_id, reference) DO UPDATE SET times_asked = known.times_asked + 1
       RETURNING outcome, times_asked, amount_micros`,
      [tenantId, id, methodId, amountMicros, currency, this.#clock.now()],
    );
    const [payment] = rows;
    if (payment === undefined) throw new Error('a payout names a method that is not there');
    if (payment.amount_micros !== amountMicros) throw new Error('the reference was used for another amount');
    return answerOf(payment.outcome, payment.times_asked);
  }
}

function answerOf(outcome: Outcome, timesAsked: number): RailAnswer {
  if (outcome === 'returned' && timesAsked === 1) {
    return { state: 'settled', reason: undefined, askAgainAfterMs: RETURNS_AFTER_MS };
  }
  const reason = { settled: undefined, failed: 'sandbox_failure', returned: 'sandbox_return' }[outcome];
  return { state: outcome, reason, askAgainAfterMs: undefined };
}
