import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { asPayoutMethodId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import { minimumOf, type PolicyTerms } from '../policies/policy.js';
import type { RailKind } from '../rails/rail.js';
import {
  heldUntil,
  type PayoutMethod,
  type RailOption,
  railOptions,
  type Rails,
  type RailWish,
  readDetails,
  type UnreachableRail,
  unreachableRails,
} from './method.js';

/** What is kept of a method beside what may be shown; in the clear until the book has sealed and hashed it. */
export interface MethodSecrets {
  readonly details: unknown;
  readonly account: string | undefined;
}

/** Payout methods in an open database transaction. */
export interface MethodBook {
  /** Keeps other additions of the person out until the end of the database transaction. */
  lockPerson(tenantId: TenantId, personId: UserId): Promise<void>;
  /** How many methods of real rails the person ever added, deleted ones included. */
  countReal(tenantId: TenantId, personId: UserId): Promise<number>;
  /** Saves the method with its secrets sealed, and tells of it by an event. */
  add(method: PayoutMethod, secrets: MethodSecrets): Promise<void>;
}

export interface MethodReads {
  /** Not deleted, oldest first, after the id `after`. */
  list(query: {
    tenantId: TenantId;
    personId: UserId;
    after: PayoutMethodId | undefined;
    limit: number;
  }): Promise<PayoutMethod[]>;
  /** False: the person has no such method. */
  delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId, at: Date): Promise<boolean>;
}

export interface PayoutMethodsGiven {
  readonly once: OncePerKey<MethodBook>;
  readonly reads: MethodReads;
  readonly rails: Rails;
  readonly policy: (tenantId: TenantId) => Promise<PolicyTerms>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  /** How long a change of method receives nothing, in milliseconds. */
  readonly holdMs: number;
  /** Hides what a request said: the hash of an account number alone could be guessed. */
  readonly hideHash: (requestHash: Uint8Array) => Uint8Array;
}

/** A person's payout methods. */
export class PayoutMethods {
  readonly #given: PayoutMethodsGiven;

  constructor(given: PayoutMethodsGiven) {
    this.#given = given;
  }

  /** Adds a method; see readDetails for what is refused, and heldUntil for whether it waits. */
  async add<Body>(
    wanted: { tenantId: TenantId; personId: UserId; kind: RailKind; details: unknown },
    by: { call: IdempotentCall; answer: (method: PayoutMethod) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, rails, clock, newId, holdMs, hideHash } = this.#given;
    const { tenantId, personId, kind, details } = wanted;
    const { account, ...shown } = readDetails(rails, kind, details);
    const call = { ...by.call, requestHash: hideHash(by.call.requestHash) };
    return once(call, async (book) => {
      await book.lockPerson(tenantId, personId);
      const now = clock.now();
      const realMethodsBefore = await book.countReal(tenantId, personId);
      const method: PayoutMethod = {
        tenantId,
        id: asPayoutMethodId(newId()),
        personId,
        kind,
        ...shown,
        createdAt: now,
        heldUntil: heldUntil({ kind, realMethodsBefore, now, holdMs }),
      };
      await book.add(method, { details, account });
      return by.answer(method);
    });
  }

  list(query: Parameters<MethodReads['list']>[0]): Promise<PayoutMethod[]> {
    return this.#given.reads.list(query);
  }

  /** Payouts that have been asked for go on. Throws NOT_FOUND, also for somebody else's and when it is gone already. */
  async delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId): Promise<void> {
    const { reads, clock } = this.#given;
    if (!(await reads.delete(tenantId, personId, id, clock.now()))) throw new DomainError('NOT_FOUND');
  }

  /** Only rails that reach the person, see railOptions; with the least that the tenant pays by them. */
  async options(tenantId: TenantId, wish: RailWish): Promise<RailOption[]> {
    const policy = await this.#given.policy(tenantId);
    return railOptions(this.#given.rails, wish).map(({ kind, limits, ...option }) => {
      const { currency } = wish;
      const minimumMicros = minimumOf(policy, { kind, currency, railMicros: limits.minimumMicros });
      return { kind, limits: { ...limits, minimumMicros }, ...option };
    });
  }

  /** The rails that `options` leaves out, and why. */
  unreachable(wish: RailWish): UnreachableRail[] {
    return unreachableRails(this.#given.rails, wish);
  }

  now(): Date {
    return this.#given.clock.now();
  }
}
