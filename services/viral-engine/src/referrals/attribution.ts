import { DomainError } from '@dailydoco/errors';
import type { CouponId, LinkId, TenantId, UserId } from '../ids.js';
import type { Brought } from '../links/landing.js';

/** By what a member got the referrer, as it is kept for good. */
export interface ReferrerSource {
  readonly userId: UserId;
  readonly referrerId: UserId;
  /** A code that was told, or a click. */
  readonly decidedBy: 'code' | 'click';
  readonly convertedBy: 'sign_up' | 'first_purchase';
  readonly code: string;
  readonly linkId: LinkId | undefined;
  readonly couponId: CouponId | undefined;
  readonly campaign: string | undefined;
  readonly clickId: string | undefined;
  /** UTM values and sub-ids that the click brought. */
  readonly brought: Brought | undefined;
  /** The first purchase that said it. */
  readonly externalId: string | undefined;
  readonly at: Date;
}

export interface AttributionChange {
  readonly tenantId: TenantId;
  /** Whether a buyer without a referrer may get one by the first purchase. */
  readonly firstPurchase: boolean;
  readonly changedBy: string;
}

export interface AttributionBook {
  readFirstPurchase(tenantId: TenantId): Promise<boolean>;
  saveFirstPurchase(change: AttributionChange & { at: Date }): Promise<void>;
  findSource(tenantId: TenantId, userId: UserId): Promise<ReferrerSource | undefined>;
}

/** What a tenant lets give people their referrers, and what gave them. */
export class Attribution {
  readonly #book: AttributionBook;
  readonly #clock: { now(): Date };

  constructor(book: AttributionBook, clock: { now(): Date }) {
    this.#book = book;
    this.#clock = clock;
  }

  /** Whether the first purchase may; a registration always may. */
  firstPurchase(tenantId: TenantId): Promise<boolean> {
    return this.#book.readFirstPurchase(tenantId);
  }

  async change(change: AttributionChange): Promise<boolean> {
    await this.#book.saveFirstPurchase({ ...change, at: this.#clock.now() });
    return change.firstPurchase;
  }

  /** Throws NOT_FOUND for a person of another tenant, or one whom nobody referred. */
  async source(tenantId: TenantId, userId: UserId): Promise<ReferrerSource> {
    const source = await this.#book.findSource(tenantId, userId);
    if (source === undefined) throw new DomainError('NOT_FOUND');
    return source;
  }
}
