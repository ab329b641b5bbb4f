import type { Money } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';

/** What stands between a person and their money, in one snapshot. */
export interface Standing {
  readonly personId: UserId;
  /** By finance. */
  readonly frozen: boolean;
  /** By an administrator, as far as identity's event has come. */
  readonly suspended: boolean;
  /** All payouts of the tenant stand still. */
  readonly stopped: boolean;
  /** Available balances below zero: what was taken back after it was paid out. */
  readonly negativeBalances: readonly Money[];
  /** Payouts that wait for somebody's decision. */
  readonly payoutsUnderReview: number;
  /** Open findings of those payouts: for staff, who decides them. */
  readonly openFindings: number;
}

export interface StandingReads {
  standing(tenantId: TenantId, personId: UserId): Promise<Standing>;
}

/** How persons stand. One that payouts never heard of stands well. */
export class ReadStanding {
  readonly #reads: StandingReads;

  constructor(reads: StandingReads) {
    this.#reads = reads;
  }

  of({ tenantId, userId }: { tenantId: TenantId; userId: UserId }): Promise<Standing> {
    return this.#reads.standing(tenantId, userId);
  }
}
