import type { CurrencyCode } from '@dailydoco/money';
import type { AdjustmentId, JournalId, PayoutId, PurchaseId, RefundId, TenantId, UserId } from '../ids.js';
import { type AccountKey, type AccountKind, accountKeyText, isHouseKind } from './account.js';

/** What a journal books, so that it can explain itself: an event of a purchase, a step of a payout, or what finance asked for. */
export type JournalCause =
  | {
      readonly kind: 'purchase';
      readonly purchaseId: PurchaseId;
      readonly sequence: bigint;
      readonly refundId: RefundId | undefined;
    }
  | { readonly kind: 'payout'; readonly payoutId: PayoutId; readonly step: string }
  | { readonly kind: 'adjustment'; readonly adjustmentId: AdjustmentId };

/** A part of a journal: credits are positive, debits negative, in micros. */
export interface Leg {
  /** Undefined: the house. */
  readonly personId: UserId | undefined;
  readonly kind: AccountKind;
  readonly amountMicros: bigint;
}

export interface Journal {
  readonly tenantId: TenantId;
  /** The fact in the words of its event, such as CommissionsAccrued or PayoutSettled. */
  readonly eventType: string;
  readonly currency: CurrencyCode;
  readonly cause: JournalCause;
  readonly reason: string | undefined;
  /** The journal that this one takes back, leg by leg; of the same tenant and currency, and nobody takes it back twice. */
  readonly reverses?: JournalId | undefined;
  /** The journal that this one puts right in another way; of the same tenant and currency. */
  readonly corrects?: JournalId | undefined;
  /** The effective date: when the fact took place. The moment of its recording, which decides the period, is the writer's. */
  readonly occurredAt: Date;
  readonly legs: readonly Leg[];
  /**
   * Whether a balance may go below zero by this journal. What was taken back after it was paid out does that; what
   * somebody asks to be paid never may.
   */
  readonly mayOverdraw: boolean;
}

/** What a journal does to one account. */
export interface SettledLeg {
  readonly account: AccountKey;
  /** accountKeyText of the account. */
  readonly accountText: string;
  readonly amountMicros: bigint;
}

/**
 * The legs of a journal, one per account and none of zero, in a fixed order. Throws on legs that do not sum to zero:
 * a journal balances or is not written (invariant I1).
 */
export function settleLegs({
  tenantId,
  currency,
  legs,
}: Pick<Journal, 'tenantId' | 'currency' | 'legs'>): SettledLeg[] {
  const sums = new Map<string, { account: AccountKey; accountText: string; amountMicros: bigint }>();
  let total = 0n;
  for (const { personId, kind, amountMicros } of legs) {
    if (isHouseKind(kind) !== (personId === undefined)) throw new Error(`${kind} cannot belong to its owner here`);
    const account = { tenantId, ownerId: personId ?? tenantId, currency, kind };
    const accountText = accountKeyText(account);
    const known = sums.get(accountText);
    if (known === undefined) sums.set(accountText, { account, accountText, amountMicros });
    else known.amountMicros += amountMicros;
    total += amountMicros;
  }
  if (total !== 0n) throw new Error(`I1: a journal must sum to zero, not to ${total}`);
  return [...sums.values()]
    .filter(({ amountMicros }) => amountMicros !== 0n)
    .toSorted((a, b) => (a.accountText < b.accountText ? -1 : 1));
}
