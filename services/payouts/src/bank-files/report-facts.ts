import type { PayoutId, TenantId } from '../ids.js';
import type { RailReport } from '../rails/rail.js';
import type { BankFact, FactOutcome } from './bank-file.js';

/** A fact that waits for its turn. */
export interface WaitingFact {
  readonly tenantId: TenantId;
  readonly fileId: string;
  readonly position: number;
  readonly named: NonNullable<BankFact['named']>;
  readonly state: Exclude<BankFact['state'], 'noted'>;
  readonly reason: string | undefined;
  readonly amountMicros: bigint | undefined;
  readonly currency: BankFact['currency'];
  readonly occurredAt: Date;
}

/** Facts in an open database transaction. */
export interface FactBook {
  /** The oldest facts that wait, at most so many, locked; those that another worker holds are left out. Across tenants. */
  takeWaiting(limit: number): Promise<WaitingFact[]>;
  settle(facts: readonly { readonly fact: WaitingFact; readonly outcome: FactOutcome }[], at: Date): Promise<void>;
}

/** See receiveReports of payouts: in the same database transaction; undefined for a report that was there already. */
export type TellReports = (
  reports: readonly RailReport[],
) => Promise<readonly (Exclude<FactOutcome, 'repeated' | 'noted'> | undefined)[]>;

/** Facts of one database transaction: payouts are locked meanwhile. */
export const FACTS_AT_A_TIME = 500;

/**
 * Reports the oldest facts that wait, a bounded number in one database transaction with what they do to payouts: a
 * crash leaves each fact either told and marked, or waiting. Returns how many there were.
 */
export async function reportFacts(book: FactBook, tell: TellReports, now: Date): Promise<number> {
  const facts = await book.takeWaiting(FACTS_AT_A_TIME);
  if (facts.length === 0) return 0;
  const applied = await tell(facts.map(reportOf));
  await book.settle(
    facts.map((fact, n) => ({ fact, outcome: applied[n] ?? 'repeated' })),
    now,
  );
  return facts.length;
}

function reportOf({ tenantId, named, state, reason, amountMicros, currency, occurredAt }: WaitingFact): RailReport {
  const reference: PayoutId = named.payoutId;
  return {
    tenantId,
    rail: named.rail,
    reportId: named.reportId,
    reference,
    answer: { state, reason, askAgainAfterMs: undefined },
    amountMicros,
    currency,
    occurredAt,
  };
}
