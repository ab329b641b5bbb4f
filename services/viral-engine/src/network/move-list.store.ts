import type { Sql } from '@dailydoco/database';
import { asMoveId, asUserId, type TenantId } from '../ids.js';
import type { Move } from './move-person.js';
import type { MoveReads, MovesQuery } from './moves.js';

interface MoveRow {
  readonly id: string;
  readonly user_id: string;
  readonly from_referrer_id: string | null;
  readonly to_referrer_id: string | null;
  readonly people: number;
  readonly moved_by: string;
  readonly reason: string;
  readonly moved_at: Date;
}

/** Reads of the audit of moves. */
export class MoveListStore implements MoveReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list({ tenantId, userId, before, limit }: MovesQuery): Promise<Move[]> {
    // Ids are made in the order of time.
    const { rows } = await this.#sql.query<MoveRow>(
      `SELECT id, user_id, from_referrer_id, to_referrer_id, people, moved_by, reason, moved_at FROM network_move
       WHERE tenant_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND ($3::uuid IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [tenantId, userId ?? null, before ?? null, limit],
    );
    return rows.map((row) => moveOf(tenantId, row));
  }
}

function moveOf(tenantId: TenantId, row: MoveRow): Move {
  return {
    id: asMoveId(row.id),
    tenantId,
    userId: asUserId(row.user_id),
    fromReferrerId: row.from_referrer_id === null ? undefined : asUserId(row.from_referrer_id),
    toReferrerId: row.to_referrer_id === null ? undefined : asUserId(row.to_referrer_id),
    people: row.people,
    movedBy: row.moved_by,
    reason: row.reason,
    movedAt: row.moved_at,
  };
}
