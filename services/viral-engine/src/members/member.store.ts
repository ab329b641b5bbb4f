import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import type { CouponState } from '../coupons/coupon.js';
import { COUPON_STATE, type CouponStateRow, toCouponState } from '../coupons/coupon-rows.store.js';
import { asLinkId, asTenantId, asUserId, type CouponId, type TenantId, type UserId } from '../ids.js';
import { attributionWindowDays, type PlanOccasion } from '../plans/choose-plan.js';
import { PlanCatalogues } from '../plans/plan.store.js';
import { SHIPPED_CATALOGUE } from '../plans/shipped-plans.js';
import { lockOutSplits } from '../purchases/split-lock.store.js';
import type { BoostChange, MemberChanges, StatusChange } from './change-member.js';
import type { Member, MemberStatus } from './member.js';
import type { Touches } from './touches.js';
import { shareTree } from './tree-lock.store.js';
import { UPLINE } from './upline.store.js';
import type { CodeOwnership, CodeUsed, ReferringClick, RegistrationSource } from './referral-source.js';
import type { ClickQuery, MemberBook, NewMember } from './register-member.js';

interface MemberRow {
  tenant_id: string;
  user_id: string;
  status: MemberStatus;
  upline: string[];
  boost_bps: number;
  joined_at: Date;
}

interface CodeUsedRow {
  code: string;
  link_id: string | null;
  campaign: string | null;
}

const MEMBER_COLUMNS = `m.tenant_id, m.user_id, m.status, ${UPLINE} AS upline, m.boost_bps, m.joined_at`;

/** The tree, as one open database transaction sees it. */
export class MemberStore implements MemberBook, MemberChanges {
  readonly #sql: Sql;
  readonly #outbox: Outbox;
  readonly #newId: () => string;

  constructor(sql: Sql, { outbox, newId }: { outbox: Outbox; newId: () => string }) {
    this.#sql = sql;
    this.#outbox = outbox;
    this.#newId = newId;
  }

  async findMember(tenantId: TenantId, userId: UserId): Promise<Member | undefined> {
    const { rows } = await this.#sql.query<MemberRow>(
      `SELECT ${MEMBER_COLUMNS} FROM member m WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    return rows[0] && toMember(rows[0]);
  }

  async findCodeOwner(tenantId: TenantId, code: string): Promise<CodeOwnership | undefined> {
    const { rows } = await this.#sql.query<MemberRow & CodeUsedRow & CouponStateRow>(
      `SELECT ${MEMBER_COLUMNS}, c.code, c.link_id, coalesce(l.campaign, k.campaign) AS campaign, ${COUPON_STATE}
       FROM referral_code c
       LEFT JOIN link l ON l.tenant_id = c.tenant_id AND l.id = c.link_id
       LEFT JOIN coupon k ON k.tenant_id = c.tenant_id AND k.id = c.coupon_id
       JOIN member m ON m.tenant_id = c.tenant_id AND m.user_id = coalesce(c.owner_id, l.owner_id, k.owner_id)
       WHERE c.code = $2 AND c.tenant_id = $1`,
      [tenantId, code],
    );
    return rows[0] && { ...toCodeUsed(rows[0]), owner: toMember(rows[0]), coupon: toCouponState(rows[0]) };
  }

  async lockCoupon(tenantId: TenantId, couponId: CouponId): Promise<CouponState> {
    const { rows } = await this.#sql.query<CouponStateRow>(
      `SELECT ${COUPON_STATE} FROM coupon k WHERE k.tenant_id = $1 AND k.id = $2 FOR NO KEY UPDATE`,
      [tenantId, couponId],
    );
    const state = rows[0] && toCouponState(rows[0]);
    if (state === undefined) throw new Error('a coupon is never gone');
    return state;
  }

  async useCoupon(tenantId: TenantId, couponId: CouponId): Promise<void> {
    await this.#sql.query('UPDATE coupon SET uses = uses + 1 WHERE tenant_id = $1 AND id = $2', [tenantId, couponId]);
  }

  async holdUpline(tenantId: TenantId, userId: UserId): Promise<readonly UserId[]> {
    // Purchases of the member do not wait for this; whoever changes the member's place in the tree does.
    const { rows } = await this.#sql.query<{ upline: string[] }>(
      `SELECT ${UPLINE} AS upline FROM member m WHERE m.tenant_id = $1 AND m.user_id = $2 FOR KEY SHARE`,
      [tenantId, userId],
    );
    return rows[0]?.upline.map(asUserId) ?? [];
  }

  async attributionWindowDays(tenantId: TenantId, occasion: PlanOccasion): Promise<number> {
    // Nothing is kept of it: the store lives for one database transaction, and few registrations name a visitor.
    const catalogues = await new PlanCatalogues().read(this.#sql, [tenantId]);
    return attributionWindowDays(catalogues.get(tenantId) ?? SHIPPED_CATALOGUE, occasion);
  }

  firstClick(query: ClickQuery): Promise<ReferringClick | undefined> {
    return this.#click(query, 'ASC');
  }

  lastClick(query: ClickQuery): Promise<ReferringClick | undefined> {
    return this.#click(query, 'DESC');
  }

  async addMember(member: NewMember): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO member (tenant_id, user_id, referrer_id, upline, status, status_changed_at, joined_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [
        member.tenantId,
        member.userId,
        member.referrerId ?? null,
        member.upline,
        member.status,
        member.learntAt,
        member.joinedAt,
      ],
    );
    return rowCount === 1;
  }

  async addSource(member: NewMember, source: RegistrationSource): Promise<void> {
    const { tenantId, userId, referrerId, decidedBy, joinedAt } = member;
    await this.#sql.query(
      `INSERT INTO registration_source
         (tenant_id, user_id, referrer_id, decided_by, code, link_id, campaign, click_id, registered_at, coupon_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tenantId,
        userId,
        referrerId,
        decidedBy,
        source.code,
        source.linkId ?? null,
        source.campaign ?? null,
        source.clickId ?? null,
        joinedAt,
        source.couponId ?? null,
      ],
    );
  }

  async addCode(code: { code: string; tenantId: TenantId; ownerId: UserId; createdAt: Date }): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `INSERT INTO referral_code (code, tenant_id, owner_id, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (code) DO NOTHING`,
      [code.code, code.tenantId, code.ownerId, code.createdAt],
    );
    return rowCount === 1;
  }

  async announceJoined({ tenantId, userId, referrerId, joinedAt, learntAt }: NewMember): Promise<void> {
    await this.#outbox.append(this.#sql, [
      outgoing({
        type: events.memberJoined,
        key: userId,
        tenantId,
        payload: { userId, referrerId: referrerId ?? '', joinedAt },
        occurredAt: learntAt,
      }),
    ]);
  }

  async addTouches({ tenantId, userId }: NewMember, touches: Touches): Promise<void> {
    const rows = [touches.first, touches.last];
    await this.#sql.query(
      `INSERT INTO registration_touch
         (tenant_id, user_id, touch, code, owner_id, link_id, campaign, click_id, touched_at)
       SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::uuid[], $9::timestamptz[])`,
      [
        tenantId,
        userId,
        ['first', 'last'],
        rows.map(({ code }) => code),
        rows.map(({ ownerId }) => ownerId),
        rows.map(({ linkId }) => linkId ?? null),
        rows.map(({ campaign }) => campaign ?? null),
        rows.map(({ clickId }) => clickId ?? null),
        rows.map(({ touchedAt }) => touchedAt.toISOString()),
      ],
    );
  }

  async #click(query: ClickQuery, order: 'ASC' | 'DESC'): Promise<ReferringClick | undefined> {
    const { rows } = await this.#sql.query<CodeUsedRow & { id: string; referrer_id: string; clicked_at: Date }>(
      `SELECT id, referrer_id, code, link_id, campaign, clicked_at FROM click
       WHERE tenant_id = $1 AND clicked_at BETWEEN $3 AND $4 AND visitor_id = ANY (
         $2::uuid[] || ARRAY(SELECT visitor_id FROM click WHERE tenant_id = $1 AND id = $5 AND clicked_at BETWEEN $3 AND $4))
       ORDER BY clicked_at ${order}, id ${order} LIMIT 1`,
      [
        query.tenantId,
        query.visitorId === undefined ? [] : [query.visitorId],
        query.since,
        query.until,
        query.clickId ?? null,
      ],
    );
    const [row] = rows;
    return (
      row && {
        ...toCodeUsed(row),
        clickId: row.id,
        referrerId: asUserId(row.referrer_id),
        clickedAt: row.clicked_at,
      }
    );
  }

  shareTree(): Promise<void> {
    return shareTree(this.#sql);
  }

  lockOutSplits(): Promise<void> {
    return lockOutSplits(this.#sql);
  }

  async setStatus(change: StatusChange): Promise<'changed' | 'unchanged' | 'unknown'> {
    const { tenantId, userId, status, at } = change;
    const { rowCount } = await this.#sql.query(
      `UPDATE member SET status = $3, status_changed_at = $4, hold_sweep_due = true
       WHERE tenant_id = $1 AND user_id = $2 AND status <> $3 AND status <> 'erased'`,
      [tenantId, userId, status, at],
    );
    if (rowCount === 1) return 'changed';
    return (await this.findMember(tenantId, userId)) === undefined ? 'unknown' : 'unchanged';
  }

  async setBoost(change: BoostChange): Promise<number | undefined> {
    const { tenantId, userId, boostBps, changedBy, reason, at } = change;
    const { rows } = await this.#sql.query<{ boost_bps: number }>(
      'SELECT boost_bps FROM member WHERE tenant_id = $1 AND user_id = $2 FOR NO KEY UPDATE',
      [tenantId, userId],
    );
    if (rows[0] === undefined) return undefined;
    const before = rows[0].boost_bps;
    await this.#sql.query('UPDATE member SET boost_bps = $3 WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
      boostBps,
    ]);
    await this.#sql.query(
      `INSERT INTO boost_change (tenant_id, id, user_id, from_bps, to_bps, changed_by, reason, changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [tenantId, this.#newId(), userId, before, boostBps, changedBy, reason, at],
    );
    return before;
  }
}

function toCodeUsed({ code, link_id, campaign }: CodeUsedRow): CodeUsed {
  return { code, linkId: link_id === null ? undefined : asLinkId(link_id), campaign: campaign ?? undefined };
}

function toMember(row: MemberRow): Member {
  return {
    tenantId: asTenantId(row.tenant_id),
    userId: asUserId(row.user_id),
    status: row.status,
    upline: row.upline.map(asUserId),
    boostBps: row.boost_bps,
    joinedAt: row.joined_at,
  };
}
