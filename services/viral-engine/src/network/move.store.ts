import type { Sql } from '@dailydoco/database';
import { events, outgoing, type Outbox } from '@dailydoco/events';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import { MAX_UPLINE, type Member, type MemberStatus } from '../members/member.js';
import { lockTree } from '../members/tree-lock.store.js';
import { UPLINE } from '../members/upline.store.js';
import { lockOutSplits } from '../purchases/split-lock.store.js';
import { addToNetwork } from './network-change.store.js';
import { readCounted } from './network.store.js';
import type { CountedNetwork, NetworkChange } from './spread.js';
import type { Move, MoveBook, Subtree, Whose } from './move-person.js';

/** The tree as a move sees and changes it, in an open database transaction. */
export class MoveStore implements MoveBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  lockTree(): Promise<void> {
    return lockTree(this.#sql);
  }

  lockOutSplits(): Promise<void> {
    return lockOutSplits(this.#sql);
  }

  async findPlace(
    tenantId: TenantId,
    userId: UserId,
  ): Promise<Pick<Member, 'userId' | 'status' | 'upline'> | undefined> {
    const { rows } = await this.#sql.query<{ user_id: string; status: MemberStatus; upline: string[] }>(
      `SELECT m.user_id, m.status, ${UPLINE} AS upline FROM member m WHERE m.tenant_id = $1 AND m.user_id = $2`,
      [tenantId, userId],
    );
    return rows.map(({ user_id, status, upline }) => ({
      userId: asUserId(user_id),
      status,
      upline: upline.map(asUserId),
    }))[0];
  }

  async standsBelow(tenantId: TenantId, { userId, above }: { userId: UserId; above: UserId }): Promise<boolean> {
    // Sixty-four at a time, by the last that each upline remembers.
    const { rowCount } = await this.#sql.query(
      `WITH RECURSIVE line (upline) AS (
         SELECT ${UPLINE} FROM member m WHERE m.tenant_id = $1 AND m.user_id = $2
         UNION ALL
         SELECT ${UPLINE} FROM line JOIN member m ON m.tenant_id = $1 AND m.user_id = line.upline[${MAX_UPLINE}]
       )
       SELECT 1 FROM line WHERE $3 = ANY (upline) LIMIT 1`,
      [tenantId, userId, above],
    );
    return rowCount > 0;
  }

  async readSubtree(tenantId: TenantId, userId: UserId, most: number): Promise<Subtree> {
    // The limit ends the walk. The ids go back to the database as they came: nobody here looks at them one by one.
    const { rows } = await this.#sql.query<{ people: number; affected: string }>(
      `WITH RECURSIVE below (user_id, depth) AS (
         SELECT $2::uuid, 0
         UNION ALL
         SELECT m.user_id, b.depth + 1 FROM below b JOIN member m ON m.tenant_id = $1 AND m.referrer_id = b.user_id
       )
       SELECT count(*)::integer AS people,
              coalesce(array_agg(user_id) FILTER (WHERE depth <= ${MAX_UPLINE}), '{}')::text AS affected
       FROM (SELECT user_id, depth FROM below LIMIT $3::integer + 1) AS walked`,
      [tenantId, userId, most],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('An aggregate gives a row');
    return row;
  }

  readCounted(tenantId: TenantId, userId: UserId): Promise<CountedNetwork> {
    return readCounted(this.#sql, tenantId, userId);
  }

  add(change: NetworkChange): Promise<void> {
    return addToNetwork(this.#sql, change);
  }

  async writeAside({ tenantId, userId }: Whose, upline: readonly UserId[], { affected }: Subtree): Promise<void> {
    // An upline keeps what leads up to the person who moves; above that it is the person's new one.
    await this.#sql.query(
      `INSERT INTO moved_upline (tenant_id, user_id, upline)
       SELECT m.tenant_id, m.user_id,
              (place.upline[1:array_position(place.upline, $2)] || $3::uuid[])[1:${MAX_UPLINE}]
       FROM unnest($4::text::uuid[]) AS affected (user_id)
       JOIN member m ON m.tenant_id = $1 AND m.user_id = affected.user_id
       CROSS JOIN LATERAL (SELECT ${UPLINE} AS upline) AS place
       WHERE m.user_id <> $2
       ON CONFLICT (tenant_id, user_id) DO UPDATE SET upline = excluded.upline`,
      [tenantId, userId, upline, affected],
    );
  }

  async place({ tenantId, userId }: Whose, upline: readonly UserId[]): Promise<void> {
    await this.#sql.query(
      `WITH gone AS (DELETE FROM moved_upline WHERE tenant_id = $1 AND user_id = $2)
       UPDATE member SET referrer_id = ($3::uuid[])[1], upline = $3 WHERE tenant_id = $1 AND user_id = $2`,
      [tenantId, userId, upline],
    );
  }

  async addMove(move: Move): Promise<void> {
    await this.#sql.query(
      `INSERT INTO network_move
         (tenant_id, id, user_id, from_referrer_id, to_referrer_id, people, moved_by, reason, moved_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        move.tenantId,
        move.id,
        move.userId,
        move.fromReferrerId ?? null,
        move.toReferrerId ?? null,
        move.people,
        move.movedBy,
        move.reason,
        move.movedAt,
      ],
    );
  }

  async announce(move: Move): Promise<void> {
    const { tenantId, userId, fromReferrerId = '', toReferrerId = '', people, movedAt } = move;
    await this.#outbox.append(this.#sql, [
      outgoing({
        type: events.personMoved,
        key: userId,
        tenantId,
        payload: { userId, fromReferrerId, toReferrerId, people: BigInt(people), movedAt },
        occurredAt: movedAt,
      }),
    ]);
  }
}
