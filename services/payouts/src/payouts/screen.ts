import type { PayoutId } from '../ids.js';
import type { Payout } from './payout.js';

/** Who found something: sanctions lists, risk rules, tax records, the tenant's own policy. */
export const FINDING_SOURCES = ['screening', 'risk', 'tax', 'policy'] as const;
export type FindingSource = (typeof FINDING_SOURCES)[number];

/** A reason to look at a payout before it leaves. It stops the payout until a person has decided; it takes no money. */
export interface Finding {
  readonly source: FindingSource;
  /** The rule's stable name, such as `earnings_too_young`. */
  readonly code: string;
  /** One sentence with the numbers that made it, without bank data. */
  readonly detail: string;
  /** The match with a list that it is about, which is decided by itself; the finding is closed with it. */
  readonly hitId?: string | undefined;
}

/**
 * Looks at payouts before they are approved, many at once, in the database transaction that screens them. It
 * changes no payout and no money. The same payout looked at again may give other findings; those of the first time stand until decided.
 */
export interface PayoutScreen {
  findingsOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, readonly Finding[]>>;
}

/** What is withheld from payouts for tax. */
export interface Withholding {
  /** Basis points of what is paid out, 0 to 10000, by person; absent: nothing. */
  bpsOf(people: readonly Pick<Payout, 'tenantId' | 'personId'>[], at: Date): Promise<ReadonlyMap<string, number>>;
}
