import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import type { TenantId, UserId } from '../ids.js';
import type { Member } from '../members/member.js';
import { shareTree } from '../members/tree-lock.store.js';
import { addToNetwork } from '../network/network-change.store.js';
import { readCounted } from '../network/network.store.js';
import { carry } from '../network/spread.js';
import type { Candidacy, Conversion, ConversionBook, ReferredOrder } from './convert-first-purchase.js';

interface CandidacyRow {
  is_allowed: boolean;
  is_erased: boolean | null;
  has_referrer: boolean | null;
  has_bought: boolean;
  refers_others: boolean;
  is_website_known: boolean;
  is_told: boolean;
}

interface Members {
  findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined>;
}

/** Conversion by first purchase, as one open database transaction sees it. */
export class ConversionStore implements ConversionBook {
  readonly #sql: Sql;
  readonly #members: Members;
  readonly #outbox: Outbox;

  constructor(sql: Sql, given: { members: Members; outbox: Outbox }) {
    this.#sql = sql;
    this.#members = given.members;
    this.#outbox = given.outbox;
  }

  async candidacy({ tenantId, buyerId, externalId, websiteId }: ReferredOrder): Promise<Candidacy> {
    const { rows } = await this.#sql.query<CandidacyRow>(
      `SELECT coalesce(t.first_purchase, false) AS is_allowed,
              m.status = 'erased' AS is_erased, m.referrer_id IS NOT NULL AS has_referrer,
              EXISTS (SELECT 1 FROM purchase WHERE tenant_id = $1 AND buyer_id = $2) AS has_bought,
              EXISTS (SELECT 1 FROM member WHERE tenant_id = $1 AND referrer_id = $2) AS refers_others,
              $4::uuid IS NULL OR EXISTS (SELECT 1 FROM website WHERE tenant_id = $1 AND website_id = $4)
                AS is_website_known,
              EXISTS (SELECT 1 FROM purchase_key WHERE tenant_id = $1 AND external_id = $3) AS is_told
       FROM (SELECT 1) AS one
       LEFT JOIN tenant_attribution t ON t.tenant_id = $1
       LEFT JOIN member m ON m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, buyerId, externalId, websiteId ?? null],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('one row was asked for');
    const { is_erased: isErased } = row;
    return {
      isAllowed: row.is_allowed,
      buyer:
        isErased === null
          ? undefined
          : {
              isErased,
              hasReferrer: row.has_referrer === true,
              hasBought: row.has_bought,
              refersOthers: row.refers_others,
            },
      isWebsiteKnown: row.is_website_known,
      isTold: row.is_told,
    };
  }

  shareTree(): Promise<void> {
    return shareTree(this.#sql);
  }

  /** In the order of their ids, so that two who name each other wait in line. */
  async lockPair(
    tenantId: TenantId,
    { buyerId, referrerId }: { buyerId: UserId; referrerId: UserId },
  ): Promise<Member | undefined> {
    const strengths = { [buyerId]: 'UPDATE', [referrerId]: 'KEY SHARE' };
    for (const userId of [buyerId, referrerId].toSorted()) {
      await this.#sql.query(`SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2 FOR ${strengths[userId]}`, [
        tenantId,
        userId,
      ]);
    }
    return this.#members.findMember(tenantId, referrerId);
  }

  async save({ order, upline, source, convertedAt }: Conversion): Promise<void> {
    const { tenantId, buyerId, externalId } = order;
    await this.#sql.query('UPDATE member SET referrer_id = $3, upline = $4 WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      buyerId,
      upline[0],
      upline,
    ]);
    await this.#carryCounts(tenantId, buyerId, upline);
    await this.#sql.query(
      `INSERT INTO registration_source (tenant_id, user_id, referrer_id, decided_by, code, link_id, campaign, click_id,
         coupon_id, registered_at, converted_by, converted_at, external_id)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, joined_at, 'first_purchase', $10, $11 FROM member
       WHERE tenant_id = $1 AND user_id = $2`,
      [
        tenantId,
        buyerId,
        upline[0],
        source.clickId === undefined ? 'code' : 'click',
        source.code,
        source.linkId ?? null,
        source.campaign ?? null,
        source.clickId ?? null,
        source.couponId ?? null,
        convertedAt,
        externalId,
      ],
    );
  }

  /** A buyer that is counted already is counted for nobody above; one that is not yet will be, by the new upline. */
  async #carryCounts(tenantId: TenantId, buyerId: UserId, upline: readonly UserId[]): Promise<void> {
    const counted = await readCounted(this.#sql, tenantId, buyerId);
    await addToNetwork(this.#sql, carry(counted, { tenantId, from: [], to: upline }));
  }

  async announce({ order: { tenantId, buyerId }, upline, convertedAt }: Conversion): Promise<void> {
    const payload = { userId: buyerId, referrerId: upline[0] ?? '', referredAt: convertedAt };
    await this.#outbox.append(this.#sql, [
      outgoing({ type: events.memberReferred, key: buyerId, tenantId, payload, occurredAt: convertedAt }),
    ]);
  }
}
