import {
  AccountKind as ProtoKind,
  type Balance as BalanceMessage,
  type Cause,
  type Journal as JournalMessage,
  type StatementLine as LineMessage,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import type { AccountKind } from './account.js';
import type { ExportedJournal } from './export-ledger.js';
import type { Balance, StatementLine } from './read-ledger.js';

// The ledger in the words of the contract between services.

const KIND: Readonly<Record<AccountKind, ProtoKind>> = {
  pending: ProtoKind.ACCOUNT_KIND_PENDING,
  held: ProtoKind.ACCOUNT_KIND_HELD,
  available: ProtoKind.ACCOUNT_KIND_AVAILABLE,
  in_transit: ProtoKind.ACCOUNT_KIND_IN_TRANSIT,
  commission_expense: ProtoKind.ACCOUNT_KIND_COMMISSION_EXPENSE,
  cash: ProtoKind.ACCOUNT_KIND_CASH,
  payout_fees: ProtoKind.ACCOUNT_KIND_PAYOUT_FEES,
  bad_debt: ProtoKind.ACCOUNT_KIND_BAD_DEBT,
  tax_payable: ProtoKind.ACCOUNT_KIND_TAX_PAYABLE,
};

export function toBalanceMessage({ currency, accounts, ...micros }: Balance): BalanceMessage {
  return {
    currencyCode: currency,
    ...micros,
    accounts: [...accounts].map(([kind, accountId]) => ({ accountId, kind: KIND[kind] })),
  };
}

export function toLineMessage(line: StatementLine): LineMessage {
  const { journalId, amountMicros, balanceMicros, eventType: event, occurredAt, recordedAt } = line;
  return { journalId, amountMicros, balanceMicros, event, cause: causeOf(line), occurredAt, recordedAt };
}

export function toJournalMessage(journal: ExportedJournal): JournalMessage {
  const { id, event, currency, cause, postings, effectiveAt, recordedAt } = journal;
  const { purchaseSequence, ...links } = cause;
  return {
    journalId: id,
    event,
    currencyCode: currency,
    cause: causeOf({
      ...links,
      purchaseSequence: purchaseSequence === undefined ? undefined : BigInt(purchaseSequence),
    }),
    postings: postings.map(({ accountId, kind, ownerId, amountMicros }) => ({
      accountId,
      kind: KIND[kind],
      ownerId: ownerId ?? '',
      amountMicros,
    })),
    occurredAt: effectiveAt,
    recordedAt,
  };
}

type Named = { readonly [Name in keyof Cause]?: Cause[Name] | undefined };

function causeOf(of: Named): Cause {
  return {
    purchaseId: of.purchaseId ?? '',
    purchaseSequence: of.purchaseSequence ?? 0n,
    refundId: of.refundId ?? '',
    payoutId: of.payoutId ?? '',
    payoutStep: of.payoutStep ?? '',
    adjustmentId: of.adjustmentId ?? '',
    reverses: of.reverses ?? '',
    corrects: of.corrects ?? '',
    reason: of.reason ?? '',
  };
}
