declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
/** A person: beneficiary of commissions, owner of accounts, receiver of payouts. */
export type UserId = Id<'user'>;
export type PurchaseId = Id<'purchase'>;
export type CommissionId = Id<'commission'>;
export type RefundId = Id<'refund'>;
export type AccountId = Id<'account'>;
export type JournalId = Id<'journal'>;
/** What finance asked the books to be changed by. */
export type AdjustmentId = Id<'adjustment'>;
export type PayoutId = Id<'payout'>;
export type PayoutMethodId = Id<'payoutMethod'>;
/** Payouts that leave together, in one file. */
export type PayoutBatchId = Id<'payoutBatch'>;
/** A file that a bank sent. */
export type BankFileId = Id<'bankFile'>;
export type BankStatementId = Id<'bankStatement'>;

/** A comparison of a tenant's books. */
export type RunId = Id<'reconciliationRun'>;
/** A break over all runs that find it. */
export type BreakId = Id<'breakCase'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in the spelling that Postgres gives back (lower case, with hyphens). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

// The only places where a plain text becomes an id: the edges and the stores, which know what they read.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asUserId = (text: string): UserId => text as UserId;
export const asPurchaseId = (text: string): PurchaseId => text as PurchaseId;
export const asCommissionId = (text: string): CommissionId => text as CommissionId;
export const asRefundId = (text: string): RefundId => text as RefundId;
export const asAccountId = (text: string): AccountId => text as AccountId;
export const asJournalId = (text: string): JournalId => text as JournalId;
export const asAdjustmentId = (text: string): AdjustmentId => text as AdjustmentId;
export const asPayoutId = (text: string): PayoutId => text as PayoutId;
export const asPayoutMethodId = (text: string): PayoutMethodId => text as PayoutMethodId;
export const asPayoutBatchId = (text: string): PayoutBatchId => text as PayoutBatchId;
export const asRunId = (text: string): RunId => text as RunId;
export const asBreakId = (text: string): BreakId => text as BreakId;
export const asBankFileId = (text: string): BankFileId => text as BankFileId;
export const asBankStatementId = (text: string): BankStatementId => text as BankStatementId;
