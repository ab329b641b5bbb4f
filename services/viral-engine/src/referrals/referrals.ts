import { DomainError } from '@dailydoco/errors';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import { findPlacement, type ReferralLookup } from '../members/register-member.js';

/** A person's own view of the tree. */
export interface Network {
  readonly code: string;
  readonly referredBy: UserId | undefined;
  /** How many people stand on each level below; levels without anybody are left out. */
  readonly countByLevel: ReadonlyMap<number, number>;
}

/** What is read of the tree. */
export interface NetworkReads extends ReferralLookup {
  /** Undefined when the tenant has no such member. */
  readNetwork(tenantId: TenantId, userId: UserId): Promise<Network | undefined>;
  findCode(tenantId: TenantId, userId: UserId): Promise<string | undefined>;
}

export interface ReferralsParts {
  readonly reads: NetworkReads;
  /** Learns of a person of whom no event has told yet; throws USER_UNKNOWN, UNAVAILABLE. */
  readonly ensure: (tenantId: TenantId, userId: UserId) => Promise<void>;
  /** Resolves when clicks that were answered before are stored. */
  readonly clicksSettled: () => Promise<void>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Referral codes and who stands below whom. */
export class Referrals {
  readonly #parts: ReferralsParts;

  constructor(parts: ReferralsParts) {
    this.#parts = parts;
  }

  /** Throws USER_UNKNOWN, UNAVAILABLE. */
  network(tenantId: TenantId, userId: UserId): Promise<Network> {
    return this.#known(tenantId, userId, (reads) => reads.readNetwork(tenantId, userId));
  }

  /** Throws USER_UNKNOWN, UNAVAILABLE. */
  code(tenantId: TenantId, userId: UserId): Promise<string> {
    return this.#known(tenantId, userId, (reads) => reads.findCode(tenantId, userId));
  }

  /** The referrer that somebody who registers now with this code, visitor and click would get. */
  async check(question: {
    tenantId: TenantId;
    referralCode: string | undefined;
    visitorId: string | undefined;
    clickId: string | undefined;
  }): Promise<UserId | undefined> {
    const { reads, clicksSettled, clock, newId } = this.#parts;
    if (question.visitorId !== undefined || question.clickId !== undefined) await clicksSettled();
    // Nobody yet: an id that no member has.
    const newcomer = { ...question, userId: asUserId(newId()), registeredAt: clock.now() };
    return (await findPlacement(reads, newcomer)).referrerId;
  }

  async #known<T>(
    tenantId: TenantId,
    userId: UserId,
    read: (reads: NetworkReads) => Promise<T | undefined>,
  ): Promise<T> {
    const { reads, ensure } = this.#parts;
    const known = await read(reads);
    if (known !== undefined) return known;
    await ensure(tenantId, userId);
    const learnt = await read(reads);
    if (learnt === undefined) throw new DomainError('USER_UNKNOWN');
    return learnt;
  }
}
