import type { Sql } from '@dailydoco/database';
import type { LogId, TenantId } from '../ids.js';
import type { Log, StoredCheckpoint } from '../transparency/log.js';
import { LogReadStore } from '../transparency/log-reads.store.js';
import { LOG_COLUMNS, type LogRow, toLog } from '../transparency/log.store.js';
import type { AnchorReads } from './anchor-logs.js';

/** The logs of all tenants, for whoever anchors them. */
export class AnchorReadStore implements AnchorReads {
  readonly #sql: Sql;
  readonly #logs: LogReadStore;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#logs = new LogReadStore(sql);
  }

  async logsAfter(after: LogId | undefined, limit: number): Promise<Log[]> {
    const { rows } = await this.#sql.query<LogRow>(
      `SELECT ${LOG_COLUMNS} FROM log_head WHERE size > 0 AND ($1::uuid IS NULL OR log_id > $1) ORDER BY log_id LIMIT $2`,
      [after ?? null, limit],
    );
    return rows.map(toLog);
  }

  async signedPast(tenantId: TenantId, size: number): Promise<Date | undefined> {
    const { rows } = await this.#sql.query<{ signed_at: Date }>(
      'SELECT signed_at FROM log_checkpoint WHERE tenant_id = $1 AND size > $2 ORDER BY size, key_version LIMIT 1',
      [tenantId, size],
    );
    return rows[0]?.signed_at;
  }

  checkpoint(tenantId: TenantId): Promise<StoredCheckpoint | undefined> {
    return this.#logs.checkpoint(tenantId);
  }

  tile(tenantId: TenantId, tile: { level: number; index: number; width: number }): Promise<Uint8Array | undefined> {
    return this.#logs.tile(tenantId, tile);
  }
}
