import type { CurrencyCode } from '@dailydoco/money';
import type { AccountId, TenantId, UserId } from '../ids.js';

/** What the house owes a person, by where it stands. A credit raises them. */
export const PERSON_KINDS = ['pending', 'held', 'available', 'in_transit'] as const;
/** The house's own accounts. */
export const HOUSE_KINDS = ['commission_expense', 'cash', 'payout_fees', 'bad_debt', 'tax_payable'] as const;

export type PersonKind = (typeof PERSON_KINDS)[number];
export type HouseKind = (typeof HOUSE_KINDS)[number];
export type AccountKind = PersonKind | HouseKind;

/** The owner's id of a tenant's own accounts is the tenant's id; everybody else's is the person's. */
export interface AccountKey {
  readonly tenantId: TenantId;
  readonly ownerId: UserId | TenantId;
  readonly currency: CurrencyCode;
  readonly kind: AccountKind;
}

export interface Account extends AccountKey {
  readonly id: AccountId;
}

export function isHouseKind(kind: AccountKind): kind is HouseKind {
  return (HOUSE_KINDS as readonly string[]).includes(kind);
}

/** One text for each account, equal when the accounts are. */
export function accountKeyText({ tenantId, ownerId, currency, kind }: AccountKey): string {
  return `${tenantId} ${ownerId} ${currency} ${kind}`;
}
