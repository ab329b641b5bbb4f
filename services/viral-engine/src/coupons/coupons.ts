import { DomainError } from '@dailydoco/errors';
import { asCouponId, type CouponId, type TenantId, type UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { chosenCode } from '../links/link.js';
import type { Coupon, CouponTerms } from './coupon.js';

/** A coupon that an administrator asks for. */
export interface WantedCoupon {
  readonly tenantId: TenantId;
  readonly ownerId: UserId;
  readonly code: string;
  readonly terms: CouponTerms;
  readonly createdBy: string;
}

/** Coupons as one open database transaction changes them. */
export interface CouponChanges {
  /** False when the tenant has no such member. */
  isMember(tenantId: TenantId, userId: UserId): Promise<boolean>;
  /** False when the code is taken, by whatever. */
  addCode(code: { code: string; tenantId: TenantId; couponId: CouponId; createdAt: Date }): Promise<boolean>;
  add(coupon: Coupon): Promise<void>;
  /** The coupon as it stands, and nobody changes it until the end. */
  lock(tenantId: TenantId, couponId: CouponId): Promise<Coupon | undefined>;
  saveArchived(coupon: Coupon, at: Date): Promise<void>;
}

export interface CouponReads {
  isMember(tenantId: TenantId, userId: UserId): Promise<boolean>;
  /** Newest first. */
  list(query: {
    tenantId: TenantId;
    ownerId: UserId | undefined;
    before: CouponId | undefined;
    limit: number;
  }): Promise<Coupon[]>;
  find(tenantId: TenantId, couponId: CouponId): Promise<Coupon | undefined>;
}

export interface CouponsParts {
  readonly reads: CouponReads;
  readonly once: OncePerKey<CouponChanges>;
  /** Learns of a person of whom no event has told yet; throws USER_UNKNOWN, UNAVAILABLE. */
  readonly ensure: (tenantId: TenantId, userId: UserId) => Promise<void>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

type Answering<Body> = { call: IdempotentCall; answer: (coupon: Coupon) => { status: number; body: Body } };

/** Coupons of a tenant: made, listed, archived. Their terms never change. */
export class Coupons {
  readonly #parts: CouponsParts;

  constructor(parts: CouponsParts) {
    this.#parts = parts;
  }

  /** Throws VALIDATION_FAILED for a code that can be none and for an end that has passed; CODE_TAKEN, USER_UNKNOWN. */
  async add<Body>(wanted: WantedCoupon, { call, answer }: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    const { once, ensure, reads, clock, newId } = this.#parts;
    const { tenantId, ownerId } = wanted;
    if (!(await reads.isMember(tenantId, ownerId))) await ensure(tenantId, ownerId);
    return once(call, async (book) =>
      answer(await addCoupon(book, wanted, { couponId: asCouponId(newId()), now: clock.now() })),
    );
  }

  list(query: Parameters<CouponReads['list']>[0]): Promise<Coupon[]> {
    return this.#parts.reads.list(query);
  }

  /** Throws NOT_FOUND. */
  async read(tenantId: TenantId, couponId: CouponId): Promise<Coupon> {
    const coupon = await this.#parts.reads.find(tenantId, couponId);
    if (coupon === undefined) throw new DomainError('NOT_FOUND');
    return coupon;
  }

  /** Once archived it stays so from then. Throws NOT_FOUND. */
  archive<Body>(
    { tenantId, couponId }: { tenantId: TenantId; couponId: CouponId },
    { call, answer }: Answering<Body>,
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#parts;
    return once(call, async (book) => {
      const coupon = await book.lock(tenantId, couponId);
      if (coupon === undefined) throw new DomainError('NOT_FOUND');
      if (coupon.archivedAt !== undefined) return answer(coupon);
      const at = clock.now();
      await book.saveArchived(coupon, at);
      return answer({ ...coupon, archivedAt: at });
    });
  }
}

async function addCoupon(
  book: CouponChanges,
  wanted: WantedCoupon,
  { couponId, now }: { couponId: CouponId; now: Date },
): Promise<Coupon> {
  const { tenantId, ownerId, terms, createdBy } = wanted;
  const chosen = chosenCode(wanted.code);
  if ('fieldErrors' in chosen) throw new DomainError('VALIDATION_FAILED', { fieldErrors: chosen.fieldErrors });
  if (terms.expiresAt !== undefined && terms.expiresAt.getTime() <= now.getTime()) {
    throw new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'expiresAt', message: 'must lie ahead' }] });
  }
  if (!(await book.isMember(tenantId, ownerId))) throw new DomainError('USER_UNKNOWN');
  const { code } = chosen;
  if (!(await book.addCode({ code, tenantId, couponId, createdAt: now }))) throw new DomainError('CODE_TAKEN');
  const made = { createdBy, createdAt: now, archivedAt: undefined };
  const coupon: Coupon = { ...terms, ...made, tenantId, id: couponId, ownerId, code, uses: 0 };
  await book.add(coupon);
  return coupon;
}
