import { type DatabaseTransaction, inDatabaseTransaction, type Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { type Appended, type Edge, edgeTiles, type Signer } from '@dailydoco/transparency';
import type { Pool } from 'pg';
import { asLogId, asTenantId, asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';
import type { PlanCatalogues } from '../plans/plan.store.js';
import { readBlindingKeys } from './blinding-key.store.js';
import { readLoggable } from './loggable.store.js';
import type { Log, StoredCheckpoint } from './log.js';
import { type KeySealer, signerOf } from './log-key.store.js';
import type { Loggable } from './leaf.js';
import type { LogBook, SealedLeaf } from './log-purchases.js';
import type { KeyBook } from './rotate-key.js';
import { takeWaiting } from './waiting.store.js';

export interface LogTools {
  readonly sealer: KeySealer;
  readonly catalogues: PlanCatalogues;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  /** The first line of a new log's checkpoints. */
  readonly originOf: (logId: string) => string;
}

export interface LogRow {
  tenant_id: string;
  log_id: string;
  origin: string;
  size: bigint;
  created_at: Date;
}

export const LOG_COLUMNS = 'tenant_id, log_id, origin, size, created_at';

export function toLog(row: LogRow): Log {
  return {
    tenantId: asTenantId(row.tenant_id),
    logId: asLogId(row.log_id),
    origin: row.origin,
    size: Number(row.size),
    createdAt: row.created_at,
  };
}

/**
 * Does something with a tenant's log in one database transaction, alone: the row of the head is the lock. The log is
 * made first where there is none. Undefined, and nothing done, while somebody else has it.
 */
export function withLog<T>(
  pool: Pool,
  tenantId: TenantId,
  given: { tools: LogTools; work: (book: LogStore) => Promise<T> },
): Promise<T | undefined> {
  return inDatabaseTransaction(pool, async (tx) => {
    const log = (await lockFree(tx, tenantId)) ?? (await begin(tx, tenantId, given.tools));
    return log && given.work(new LogStore(tx, log, given.tools));
  });
}

/** The same inside of a database transaction, for a log that must exist; waits for whoever has it. Throws NOT_FOUND. */
export async function lockLog(tx: Sql, tenantId: TenantId, tools: LogTools): Promise<LogStore> {
  const { rows } = await tx.query<LogRow>(
    `SELECT ${LOG_COLUMNS} FROM log_head WHERE tenant_id = $1 FOR NO KEY UPDATE`,
    [tenantId],
  );
  if (rows[0] === undefined) throw new DomainError('NOT_FOUND');
  return new LogStore(tx, toLog(rows[0]), tools);
}

async function lockFree(tx: DatabaseTransaction, tenantId: TenantId): Promise<Log | undefined> {
  const { rows } = await tx.query<LogRow>(
    `SELECT ${LOG_COLUMNS} FROM log_head WHERE tenant_id = $1 FOR NO KEY UPDATE SKIP LOCKED`,
    [tenantId],
  );
  return rows[0] && toLog(rows[0]);
}

/** Makes log and first key. Undefined when there is a log: then somebody else has it just now. */
async function begin(tx: DatabaseTransaction, tenantId: TenantId, tools: LogTools): Promise<Log | undefined> {
  const logId = tools.newId();
  const { rows } = await tx.query<LogRow>(
    `INSERT INTO log_head (tenant_id, log_id, origin, created_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (tenant_id) DO NOTHING RETURNING ${LOG_COLUMNS}`,
    [tenantId, logId, tools.originOf(logId), tools.clock.now().toISOString()],
  );
  if (rows[0] === undefined) return undefined;
  const log = toLog(rows[0]);
  await new LogStore(tx, log, tools).addKey({ version: 1, createdBy: 'system', createdAt: tools.clock.now() });
  return log;
}

/** One log in an open database transaction that holds the row of its head. */
export class LogStore implements LogBook, KeyBook {
  readonly log: Log;
  readonly #sql: Sql;
  readonly #tools: LogTools;

  constructor(sql: Sql, log: Log, tools: LogTools) {
    this.#sql = sql;
    this.log = log;
    this.#tools = tools;
  }

  take(purchaseIds: readonly PurchaseId[]): Promise<PurchaseId[]> {
    return takeWaiting(this.#sql, this.log.tenantId, purchaseIds);
  }

  readLoggable(purchaseIds: readonly PurchaseId[]): Promise<Loggable[]> {
    return readLoggable(this.#sql, { tenantId: this.log.tenantId, purchaseIds, catalogues: this.#tools.catalogues });
  }

  async lastOrdinals(people: readonly UserId[]): Promise<Map<UserId, number>> {
    const { rows } = await this.#sql.query<{ user_id: string; ordinal: bigint }>(
      `SELECT asked.user_id, last.ordinal FROM unnest($2::uuid[]) AS asked (user_id)
       CROSS JOIN LATERAL (SELECT l.ordinal FROM log_leaf l
         WHERE l.tenant_id = $1 AND l.beneficiary_id = asked.user_id ORDER BY l.ordinal DESC LIMIT 1) AS last`,
      [this.log.tenantId, people],
    );
    return new Map(rows.map((row) => [asUserId(row.user_id), Number(row.ordinal)]));
  }

  async blindingKeys(people: readonly UserId[]): Promise<Map<UserId, Uint8Array>> {
    const keys = await readBlindingKeys(this.#sql, this.log.tenantId, people);
    if (keys.size < people.length) throw new DomainError('UNAVAILABLE', { detail: 'A key has just been destroyed.' });
    return keys;
  }

  async readEdge(): Promise<Edge> {
    const tiles = edgeTiles(this.log.size);
    const { rows } = await this.#sql.query<{ level: number; hashes: Uint8Array }>(
      `SELECT t.level, t.hashes FROM log_tile t
       JOIN unnest($2::smallint[], $3::bigint[]) AS asked (level, tile_index)
         ON asked.level = t.level AND asked.tile_index = t.tile_index
       WHERE t.tenant_id = $1`,
      [this.log.tenantId, tiles.map(({ level }) => level), tiles.map(({ index }) => index)],
    );
    const byLevel = new Map(rows.map((row) => [row.level, row.hashes]));
    const levels = Math.max(0, ...byLevel.keys()) + 1;
    return Array.from({ length: levels }, (_, level) => byLevel.get(level) ?? new Uint8Array(0));
  }

  async append(leaves: readonly SealedLeaf[], tree: Appended): Promise<void> {
    const { tenantId } = this.log;
    await this.#sql.query(
      `INSERT INTO log_leaf (tenant_id, leaf_index, commission_id, purchase_sequence, beneficiary_id, ordinal,
         refunded_micros, commitment)
       SELECT $1, leaf_index, commission_id, purchase_sequence, beneficiary_id, ordinal, refunded_micros,
         decode(commitment, 'hex')
       FROM unnest($2::bigint[], $3::uuid[], $4::bigint[], $5::uuid[], $6::bigint[], $7::bigint[], $8::text[])
         AS leaf (leaf_index, commission_id, purchase_sequence, beneficiary_id, ordinal, refunded_micros, commitment)`,
      [
        tenantId,
        leaves.map(({ index }) => index),
        leaves.map(({ commissionId }) => commissionId),
        leaves.map(({ purchaseSequence }) => purchaseSequence),
        leaves.map(({ beneficiaryId }) => beneficiaryId),
        leaves.map(({ ordinal }) => ordinal),
        leaves.map(({ refundedMicros }) => refundedMicros ?? null),
        leaves.map(({ commitment }) => hex(commitment)),
      ],
    );
    await this.#sql.query(
      `INSERT INTO leaf_blinding (tenant_id, leaf_index, beneficiary_id, sealed)
       SELECT $1, leaf_index, beneficiary_id, decode(sealed, 'hex')
       FROM unnest($2::bigint[], $3::uuid[], $4::text[]) AS leaf (leaf_index, beneficiary_id, sealed)`,
      [
        tenantId,
        leaves.map(({ index }) => index),
        leaves.map(({ beneficiaryId }) => beneficiaryId),
        leaves.map(({ sealedBlinding }) => hex(sealedBlinding)),
      ],
    );
    await this.#saveTree(tree);
  }

  async #saveTree({ size, tiles }: Appended): Promise<void> {
    await this.#sql.query(
      `INSERT INTO log_tile (tenant_id, level, tile_index, hashes)
       SELECT $1, level, tile_index, decode(hashes, 'hex')
       FROM unnest($2::smallint[], $3::bigint[], $4::text[]) AS tile (level, tile_index, hashes)
       ON CONFLICT (tenant_id, level, tile_index) DO UPDATE SET hashes = excluded.hashes`,
      [
        this.log.tenantId,
        tiles.map(({ level }) => level),
        tiles.map(({ index }) => index),
        tiles.map(({ bytes }) => hex(bytes)),
      ],
    );
    await this.#sql.query('UPDATE log_head SET size = $2 WHERE tenant_id = $1', [this.log.tenantId, size]);
  }

  signer(): Promise<{ version: number; signer: Signer }> {
    return signerOf(this.#sql, this.log.tenantId, this.#tools.sealer);
  }

  async addKey(key: { version: number; createdBy: string; createdAt: Date }): Promise<Signer> {
    const { sealed, signer } = this.#tools.sealer.make(this.log, key.version);
    await this.#sql.query(
      `INSERT INTO log_key (tenant_id, version, vkey, sealed, created_by, created_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [this.log.tenantId, key.version, signer.vkey, sealed, key.createdBy, key.createdAt.toISOString()],
    );
    return signer;
  }

  async addCheckpoint(checkpoint: StoredCheckpoint): Promise<void> {
    await this.#sql.query(
      `INSERT INTO log_checkpoint (tenant_id, size, key_version, root, note, signed_at)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        this.log.tenantId,
        checkpoint.size,
        checkpoint.keyVersion,
        checkpoint.root,
        checkpoint.note,
        checkpoint.signedAt.toISOString(),
      ],
    );
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
