// Answers as far as the specs read them; more fields may be there.

export interface Money {
  readonly amount: string;
  readonly currency: string;
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: string;
  readonly expiresIn: number;
}

export interface User {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly createdAt: string;
}

export interface SignedIn {
  readonly user: User;
  readonly tokens: Tokens;
}

export interface Registration extends SignedIn {
  readonly referral: { readonly applied: boolean; readonly pending?: boolean };
}

export interface ReferralSummary {
  readonly code: string;
  readonly link: string;
  readonly referredBy?: unknown;
  readonly directCount: number;
  readonly networkSize: number;
  readonly byLevel: readonly { readonly level: number; readonly count: number }[];
}

export interface Commission {
  readonly id: string;
  readonly purchaseId: string;
  readonly kind: 'level' | 'website_bonus';
  readonly level: number | null;
  readonly beneficiaryId: string;
  readonly amount: Money;
  readonly reversed: Money;
  readonly net: Money;
  readonly status: string;
  readonly availableAt: string;
}

export interface Purchase {
  readonly id: string;
  readonly externalId: string;
  readonly buyerId: string;
  readonly amount: Money;
  readonly stream: string;
  readonly occurredAt: string;
  readonly plan: { readonly id: string; readonly version: number } | null;
  readonly commissions: readonly Commission[];
  readonly total: Money;
  readonly house: Money;
  readonly refunded: Money;
  readonly netTotal: Money;
  readonly netHouse: Money;
}

export interface Refund {
  readonly id: string;
  readonly purchaseId: string;
  readonly amount: Money;
  readonly reversals: readonly {
    readonly commissionId: string;
    readonly kind: string;
    readonly level: number | null;
    readonly beneficiaryId: string;
    readonly reversed: Money;
    readonly net: Money;
  }[];
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextPageToken?: string;
}

export interface Balance {
  readonly currency: string;
  readonly pending: Money;
  readonly held: Money;
  readonly available: Money;
  readonly inTransit: Money;
  readonly paid: Money;
}

export interface TrialBalance {
  readonly currencies: readonly {
    readonly currency: string;
    readonly debit: string;
    readonly credit: string;
    readonly difference: string;
  }[];
}

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly status: string;
}

export interface Payout {
  readonly id: string;
  readonly amount: Money;
  readonly status: string;
}
