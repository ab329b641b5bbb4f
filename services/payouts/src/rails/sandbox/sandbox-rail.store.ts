import type { Sql } from '@dailydoco/database';
import { CURRENCIES, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import type { CallRail, Payment, RailAnswer, RailCapabilities } from '../rail.js';
import { RailRefusal } from '../rail.js';
import { type SandboxDestination, sandboxDestinationOf } from './sandbox-destination.adapter.js';

/** A returned payment settles first; this much later it has come back. */
const RETURNS_AFTER_MS = 1_000;

/** It carries every currency, any amount; what it costs says each method. */
const LIMITS = { minimumMicros: 1n, maximumMicros: MAX_PURCHASE_MICROS, fee: { fixedMicros: 0n, bps: 0 } };

interface PaymentRow {
  readonly outcome: SandboxDestination['outcome'];
  readonly amount_micros: bigint;
  readonly fee_micros: bigint;
  readonly settles_at: Date;
  readonly answers_to_lose: number;
}

export interface SandboxGiven {
  readonly sql: Sql;
  readonly clock: { now(): Date };
}

/**
 * A rail without a bank behind it, for trying out and for tests: each method says how payments to it go. It keeps a
 * memory of its own, by reference, as a bank would, so that a payment told twice is one payment.
 */
class SandboxRail implements CallRail<SandboxDestination> {
  readonly kind = 'sandbox';
  readonly mode = 'call';
  readonly capabilities: RailCapabilities = {
    limits: new Map(CURRENCIES.map((currency) => [currency, LIMITS])),
    countries: 'any',
    typicalHours: 0,
    returnableHours: 1,
    patienceHours: 24,
  };
  readonly #given: SandboxGiven;

  constructor(given: SandboxGiven) {
    this.#given = given;
  }

  destinationOf = sandboxDestinationOf;
  countryOf = (): undefined => undefined;
  mask = ({ outcome }: SandboxDestination): string => `sandbox: ${outcome}`;
  fingerprintOf = (destination: SandboxDestination): string => JSON.stringify(destination);

  async submit(payment: Payment<SandboxDestination>): Promise<RailAnswer> {
    const { tenantId, reference, amountMicros, currency, destination } = payment;
    if (destination.refuse) throw new RailRefusal('sandbox_refusal');
    const now = this.#given.clock.now();
    const { rows } = await this.#given.sql.query<PaymentRow>(
      `INSERT INTO sandbox_payment AS known (tenant_id, reference, amount_micros, currency, outcome, first_asked_at,
                                             settles_at, answers_to_lose, fee_micros)
       VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $6::timestamptz + make_interval(secs => $7), $8, $9)
       ON CONFLICT (tenant_id, reference)
       DO UPDATE SET times_asked = known.times_asked + 1, times_submitted = known.times_submitted + 1
       RETURNING outcome, amount_micros, fee_micros, settles_at, answers_to_lose`,
      [
        tenantId,
        reference,
        amountMicros,
        currency,
        destination.outcome,
        now,
        destination.delaySeconds,
        destination.loseAnswers,
        destination.feeMicros,
      ],
    );
    return this.#answer(payment, rows[0]);
  }

  async find(payment: Payment<SandboxDestination>): Promise<RailAnswer> {
    const { rows } = await this.#given.sql.query<PaymentRow>(
      `UPDATE sandbox_payment SET times_asked = times_asked + 1 WHERE tenant_id = $1 AND reference = $2
       RETURNING outcome, amount_micros, fee_micros, coalesce(settles_at, first_asked_at) AS settles_at, answers_to_lose`,
      [payment.tenantId, payment.reference],
    );
    return this.#answer(payment, rows[0]);
  }

  async #answer({ tenantId, reference, amountMicros }: Payment<unknown>, row: PaymentRow | undefined) {
    if (row === undefined) return { state: 'absent', reason: undefined, askAgainAfterMs: undefined } as const;
    if (row.amount_micros !== amountMicros) throw new Error('the reference was used for another amount');
    if (row.answers_to_lose > 0) {
      await this.#given.sql.query(
        `UPDATE sandbox_payment SET answers_to_lose = answers_to_lose - 1
         WHERE tenant_id = $1 AND reference = $2 AND answers_to_lose > 0`,
        [tenantId, reference],
      );
      throw new Error('the answer was lost');
    }
    return { ...answerOf(row, this.#given.clock.now()), railReference: `sandbox-${reference}` };
  }
}

/** The sandbox, with its memory in the service's own database. */
export function sandboxRail(given: SandboxGiven): CallRail<SandboxDestination> {
  return new SandboxRail(given);
}

function answerOf({ outcome, fee_micros: feeMicros, settles_at: settlesAt }: PaymentRow, now: Date): RailAnswer {
  const elapsedMs = now.getTime() - settlesAt.getTime();
  if (elapsedMs < 0) return { state: 'processing', reason: undefined, askAgainAfterMs: -elapsedMs };
  if (outcome === 'returned' && elapsedMs < RETURNS_AFTER_MS) {
    return { state: 'settled', reason: undefined, askAgainAfterMs: RETURNS_AFTER_MS - elapsedMs, feeMicros };
  }
  const reason = { settled: undefined, failed: 'sandbox_failure', returned: 'sandbox_return' }[outcome];
  return { state: outcome, reason, askAgainAfterMs: undefined, feeMicros };
}
