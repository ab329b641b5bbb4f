import type { CurrencyCode } from '@dailydoco/money';
import type { BankFileId, BankStatementId, PayoutBatchId, PayoutId, TenantId, UserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { BankFileKind, FactState, FileStatement } from './read-file.js';

/**
 * What became of a fact. The first four are rail_report's; `repeated`: the same report was there already; `noted`: it
 * moves nothing by its kind. Undefined: it waits for its turn.
 */
export const FACT_OUTCOMES = [
  'recorded',
  'unknown_reference',
  'contradiction',
  'amount_mismatch',
  'repeated',
  'noted',
] as const;
export type FactOutcome = (typeof FACT_OUTCOMES)[number];

/** What a file says about one payout, ready to be reported. */
export interface BankFact {
  /** From 1, in the order of the file. */
  readonly position: number;
  readonly fileLine: number;
  /** As the file spells it. */
  readonly reference: string;
  /** The payout that it names, and its rail; undefined: it names none, and the outcome says so. */
  readonly named: { readonly payoutId: PayoutId; readonly rail: RailKind; readonly reportId: string } | undefined;
  readonly state: FactState;
  readonly reason: string | undefined;
  readonly amountMicros: bigint | undefined;
  readonly currency: CurrencyCode | undefined;
  readonly occurredAt: Date;
  readonly outcome: FactOutcome | undefined;
}

/** Something finance should look at, by its stable code. */
export interface BankFileWarning {
  readonly code: 'statement_repeated' | 'opening_differs' | 'sum_differs';
  readonly detail: string;
}

export interface ImportedStatement extends FileStatement {
  readonly id: BankStatementId;
  /** Hash over what it says, to tell a repeated statement from another one of the same name. */
  readonly contentHash: string;
  /** By line: the report that it made. */
  readonly reportIds: ReadonlyMap<number, string>;
}

export interface ImportedFile {
  readonly tenantId: TenantId;
  readonly id: BankFileId;
  /** Of the bytes, in hexadecimal. */
  readonly sha256: string;
  readonly kind: BankFileKind;
  readonly messageId: string;
  readonly sizeBytes: number;
  readonly importedBy: UserId;
  readonly importedAt: Date;
  readonly facts: readonly BankFact[];
  readonly statements: readonly ImportedStatement[];
  readonly warnings: readonly BankFileWarning[];
}

/** A payout that a reference may mean. */
export interface NamedPayout {
  readonly id: PayoutId;
  readonly rail: RailKind;
  readonly batchId: PayoutBatchId | undefined;
  /** What the file paid: the amount less what was withheld. */
  readonly payableMicros: bigint;
  /** It has failed: what the bank books for the rest of its file is less by this. */
  readonly hasFailed: boolean;
}
