import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import {
  checkTerms,
  type Decision,
  type PayoutPolicy,
  type PolicyRails,
  type PolicyTerms,
  sameTerms,
} from './policy.js';

/** Whether all payouts of a tenant stand still; no decision: nobody ever stopped them. */
export interface Stop {
  readonly stopped: boolean;
  readonly decision: Decision | undefined;
}

/** One decision about one person. */
export interface Freeze extends Decision {
  readonly frozen: boolean;
}

export interface PolicyReads {
  policy(tenantId: TenantId): Promise<PayoutPolicy>;
  stop(tenantId: TenantId): Promise<Stop>;
  /** Every decision about the person, the latest first. */
  freezes(tenantId: TenantId, personId: UserId): Promise<Freeze[]>;
}

/** Policies in an open database transaction, which is the only one that changes the tenant's until it ends. */
export interface PolicyBook extends PolicyReads {
  addPolicy(policy: PayoutPolicy & { readonly decision: Decision }): Promise<void>;
  addStop(tenantId: TenantId, stop: { stopped: boolean; decision: Decision }): Promise<void>;
  addFreeze(tenantId: TenantId, personId: UserId, freeze: Freeze): Promise<void>;
}

export interface PoliciesGiven {
  readonly reads: PolicyReads;
  readonly inTransaction: <T>(tenantId: TenantId, work: (book: PolicyBook) => Promise<T>) => Promise<T>;
  readonly rails: PolicyRails;
  readonly clock: { now(): Date };
}

interface Decided {
  readonly reason: string;
  readonly by: string;
}

/** What finance decides about payouts. Every decision is kept; deciding what holds already changes nothing. */
export class Policies {
  readonly #given: PoliciesGiven;

  constructor(given: PoliciesGiven) {
    this.#given = given;
  }

  async read(tenantId: TenantId): Promise<{ policy: PayoutPolicy; stop: Stop }> {
    const [policy, stop] = await Promise.all([this.#given.reads.policy(tenantId), this.#given.reads.stop(tenantId)]);
    return { policy, stop };
  }

  /** See checkTerms for what is refused. */
  async change(
    tenantId: TenantId,
    terms: PolicyTerms,
    decided: Decided,
  ): Promise<{ policy: PayoutPolicy; stop: Stop }> {
    checkTerms(this.#given.rails, terms);
    return this.#given.inTransaction(tenantId, async (book) => {
      const [before, stop] = [await book.policy(tenantId), await book.stop(tenantId)];
      if (before.version > 0 && sameTerms(before, terms)) return { policy: before, stop };
      const policy = { tenantId, version: before.version + 1, ...terms, decision: this.#decision(decided) };
      await book.addPolicy(policy);
      return { policy, stop };
    });
  }

  /** Stops all payouts of the tenant, or lets them go on. What a rail has already been told is not called back. */
  setStop(tenantId: TenantId, stopped: boolean, decided: Decided): Promise<Stop> {
    return this.#given.inTransaction(tenantId, async (book) => {
      const before = await book.stop(tenantId);
      if (before.stopped === stopped) return before;
      const stop = { stopped, decision: this.#decision(decided) };
      await book.addStop(tenantId, stop);
      return stop;
    });
  }

  /**
   * Freezes payouts to a person, or lets them go on. Returns every decision about the person, the latest first. Throws
   * SELF_APPROVAL to whoever would let payouts to themselves go on.
   */
  async setFreeze(
    who: { tenantId: TenantId; personId: UserId },
    frozen: boolean,
    decided: Decided & { readonly userId: UserId },
  ): Promise<Freeze[]> {
    const { tenantId, personId } = who;
    if (!frozen && decided.userId === personId) throw new DomainError('SELF_APPROVAL');
    return this.#given.inTransaction(tenantId, async (book) => {
      const before = await book.freezes(tenantId, personId);
      if ((before[0]?.frozen ?? false) === frozen) return before;
      const freeze = { frozen, ...this.#decision(decided) };
      await book.addFreeze(tenantId, personId, freeze);
      return [freeze, ...before];
    });
  }

  freezes(tenantId: TenantId, personId: UserId): Promise<Freeze[]> {
    return this.#given.reads.freezes(tenantId, personId);
  }

  #decision({ reason, by }: Decided): Decision {
    return { reason, by, at: this.#given.clock.now() };
  }
}
