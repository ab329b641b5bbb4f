import type { Sql } from '@dailydoco/database';
import { HASH_BYTES, TILE_WIDTH, type Totals } from '@dailydoco/transparency';
import { asCommissionId, asUserId, type CommissionId, type LogId, type TenantId, type UserId } from '../ids.js';
import { type Log, type LogKey, type PlacedLeaf, type StoredCheckpoint } from './log.js';
import { readKeys } from './log-key.store.js';
import { LOG_COLUMNS, type LogRow, toLog } from './log.store.js';
import type { OwnLeaf } from './open-leaves.js';
import type { OwnLeafReads } from './prove.js';
import type { LogReads } from './read-log.js';

interface CheckpointRow {
  size: bigint;
  root: Uint8Array;
  key_version: number;
  note: string;
  signed_at: Date;
}

const SELECT_CHECKPOINTS = 'SELECT size, root, key_version, note, signed_at FROM log_checkpoint';

interface LeafRow {
  leaf_index: bigint;
  commission_id: string;
  purchase_sequence: bigint;
  beneficiary_id: string;
  ordinal: bigint;
  refunded_micros: bigint | null;
  commitment: Uint8Array;
  sealed: Uint8Array;
}

const SELECT_LEAVES = `
  SELECT l.leaf_index, l.commission_id, l.purchase_sequence, l.beneficiary_id, l.ordinal, l.refunded_micros,
    l.commitment, b.sealed
  FROM log_leaf l JOIN leaf_blinding b ON b.tenant_id = l.tenant_id AND b.leaf_index = l.leaf_index`;

/** Logs as they stand, outside any database transaction. */
export class LogReadStore implements LogReads, OwnLeafReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(logId: LogId): Promise<Log | undefined> {
    const { rows } = await this.#sql.query<LogRow>(`SELECT ${LOG_COLUMNS} FROM log_head WHERE log_id = $1`, [logId]);
    return rows[0] && toLog(rows[0]);
  }

  async findOf(tenantId: TenantId): Promise<Log | undefined> {
    const { rows } = await this.#sql.query<LogRow>(`SELECT ${LOG_COLUMNS} FROM log_head WHERE tenant_id = $1`, [
      tenantId,
    ]);
    return rows[0] && toLog(rows[0]);
  }

  async checkpoint(tenantId: TenantId, size?: number): Promise<StoredCheckpoint | undefined> {
    const { rows } = await this.#sql.query<CheckpointRow>(
      `${SELECT_CHECKPOINTS} WHERE tenant_id = $1 AND ($2::bigint IS NULL OR size = $2)
       ORDER BY size DESC, key_version DESC LIMIT 1`,
      [tenantId, size ?? null],
    );
    return rows[0] && toCheckpoint(rows[0]);
  }

  async handovers(tenantId: TenantId): Promise<StoredCheckpoint[]> {
    const { rows } = await this.#sql.query<CheckpointRow>(
      `SELECT first.* FROM log_key k
       CROSS JOIN LATERAL (${SELECT_CHECKPOINTS} c WHERE c.tenant_id = k.tenant_id AND c.key_version = k.version
         ORDER BY c.size LIMIT 1) AS first
       WHERE k.tenant_id = $1 AND k.version > 1`,
      [tenantId],
    );
    return rows.map(toCheckpoint);
  }

  keys(tenantId: TenantId): Promise<LogKey[]> {
    return readKeys(this.#sql, tenantId);
  }

  async tile(
    tenantId: TenantId,
    { level, index, width }: { level: number; index: number; width: number },
  ): Promise<Uint8Array | undefined> {
    const { rows } = await this.#sql.query<{ hashes: Uint8Array }>(
      `SELECT substring(hashes FOR $4) AS hashes FROM log_tile
       WHERE tenant_id = $1 AND level = $2 AND tile_index = $3 AND length(hashes) >= $4`,
      [tenantId, level, index, width * HASH_BYTES],
    );
    return rows[0]?.hashes;
  }

  async entries(tenantId: TenantId, { index, width }: { index: number; width: number }): Promise<Uint8Array[]> {
    const from = BigInt(index) * BigInt(TILE_WIDTH);
    const { rows } = await this.#sql.query<{ commitment: Uint8Array }>(
      `SELECT commitment FROM log_leaf WHERE tenant_id = $1 AND leaf_index >= $2 AND leaf_index < $3
       ORDER BY leaf_index`,
      [tenantId, from, from + BigInt(width)],
    );
    return rows.map(({ commitment }) => commitment);
  }

  async beneficiaryOf(tenantId: TenantId, commissionId: CommissionId): Promise<UserId | undefined> {
    const { rows } = await this.#sql.query<{ beneficiary_id: string }>(
      'SELECT beneficiary_id FROM commission WHERE tenant_id = $1 AND id = $2',
      [tenantId, commissionId],
    );
    return rows[0] && asUserId(rows[0].beneficiary_id);
  }

  async leavesOfCommission(
    tenantId: TenantId,
    query: { commissionId: CommissionId; size: number },
  ): Promise<OwnLeaf[]> {
    const { rows } = await this.#sql.query<LeafRow>(
      `${SELECT_LEAVES} WHERE l.tenant_id = $1 AND l.commission_id = $2 AND l.leaf_index < $3 ORDER BY l.leaf_index`,
      [tenantId, query.commissionId, query.size],
    );
    return rows.map(toOwnLeaf);
  }

  async leavesOfPerson(
    tenantId: TenantId,
    query: { beneficiaryId: UserId; from: number; to: number },
  ): Promise<OwnLeaf[]> {
    const { rows } = await this.#sql.query<LeafRow>(
      `${SELECT_LEAVES} WHERE l.tenant_id = $1 AND l.beneficiary_id = $2 AND l.ordinal BETWEEN $3 AND $4
       ORDER BY l.ordinal`,
      [tenantId, query.beneficiaryId, query.from, query.to],
    );
    return rows.map(toOwnLeaf);
  }

  async lastOrdinal(tenantId: TenantId, query: { beneficiaryId: UserId; size: number }): Promise<number> {
    const { rows } = await this.#sql.query<{ last: bigint }>(
      `SELECT ordinal AS last FROM log_leaf WHERE tenant_id = $1 AND beneficiary_id = $2 AND leaf_index < $3
       ORDER BY ordinal DESC LIMIT 1`,
      [tenantId, query.beneficiaryId, query.size],
    );
    return Number(rows[0]?.last ?? 0n);
  }

  async totals(tenantId: TenantId, query: { beneficiaryId: UserId; last: number }): Promise<Totals[]> {
    // What the last leaf of each commission says of it, up to the ordinal: what came after is not in the tree.
    const { rows } = await this.#sql.query<Totals>(
      `SELECT c.currency, count(*)::int AS entries, sum(c.gross_micros)::text AS gross,
         (sum(c.gross_micros) - sum(stand.net))::text AS "takenBack",
         coalesce(sum(stand.net) FILTER (WHERE stand.status = 'pending'), 0)::text AS pending,
         coalesce(sum(stand.net) FILTER (WHERE stand.status = 'held'), 0)::text AS held,
         coalesce(sum(stand.net) FILTER (WHERE stand.status = 'available'), 0)::text AS available
       FROM (SELECT commission_id, max(purchase_sequence) AS sequence FROM log_leaf
             WHERE tenant_id = $1 AND beneficiary_id = $2 AND ordinal <= $3 GROUP BY commission_id) AS last
       JOIN commission c ON c.tenant_id = $1 AND c.id = last.commission_id
       LEFT JOIN commission_change g
         ON g.tenant_id = $1 AND g.commission_id = last.commission_id AND g.purchase_sequence = last.sequence
       CROSS JOIN LATERAL (SELECT coalesce(g.net_micros, c.gross_micros) AS net,
         coalesce(g.to_status, 'pending') AS status) AS stand
       GROUP BY c.currency ORDER BY c.currency COLLATE "C"`,
      [tenantId, query.beneficiaryId, query.last],
    );
    return rows;
  }
}

function toCheckpoint(row: CheckpointRow): StoredCheckpoint {
  return {
    size: Number(row.size),
    root: row.root,
    keyVersion: row.key_version,
    note: row.note,
    signedAt: row.signed_at,
  };
}

function toOwnLeaf(row: LeafRow): OwnLeaf {
  const placed: PlacedLeaf = {
    index: Number(row.leaf_index),
    commissionId: asCommissionId(row.commission_id),
    purchaseSequence: row.purchase_sequence,
    beneficiaryId: asUserId(row.beneficiary_id),
    ordinal: Number(row.ordinal),
    refundedMicros: row.refunded_micros ?? undefined,
    commitment: row.commitment,
  };
  return { ...placed, sealedBlinding: row.sealed };
}
