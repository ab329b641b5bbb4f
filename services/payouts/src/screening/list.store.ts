import { createHash } from 'node:crypto';
import type { Sql } from '@dailydoco/database';
import { asTenantId, type TenantId } from '../ids.js';
import type { ListBook, ListVersion } from './lists.js';
import { INSTALLATION, type ListEntry, type ListKind } from './sanctions-list.js';

interface ListRow {
  tenant_id: string;
  list: string;
  version: number;
  kind: ListKind;
  entries: number;
  file_digest: string;
  reason: string;
  uploaded_by: string;
  uploaded_at: Date;
}

const COLUMNS = 'tenant_id, list, version, kind, entries, file_digest, reason, uploaded_by, uploaded_at';
/** Entries in one statement. */
const BATCH = 5_000;

/** The last version of every list that holds for a tenant: its own and the installation's, those out of force too. */
export async function readLists(sql: Sql, tenantId: TenantId): Promise<ListVersion[]> {
  const { rows } = await sql.query<ListRow>(
    `SELECT DISTINCT ON (tenant_id, list) ${COLUMNS} FROM screening_list
     WHERE tenant_id IN ($1, $2) ORDER BY tenant_id, list, version DESC`,
    [tenantId, INSTALLATION],
  );
  return rows.map(toVersion);
}

/** Lists in an open database transaction. */
export class ListStore implements ListBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lock(tenantId: TenantId, list: string): Promise<ListVersion | undefined> {
    await this.#sql.query("SELECT pg_advisory_xact_lock(hashtextextended('screening list ' || $1 || ' ' || $2, 0))", [
      tenantId,
      list,
    ]);
    const { rows } = await this.#sql.query<ListRow>(
      `SELECT ${COLUMNS} FROM screening_list WHERE tenant_id = $1 AND list = $2 ORDER BY version DESC LIMIT 1`,
      [tenantId, list],
    );
    return rows[0] && toVersion(rows[0]);
  }

  async add(version: ListVersion, entries: readonly ListEntry[]): Promise<void> {
    const { tenantId, list } = version;
    await this.#sql.query('DELETE FROM screening_entry WHERE tenant_id = $1 AND list = $2', [tenantId, list]);
    await this.#sql.query(`INSERT INTO screening_list (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, [
      tenantId,
      list,
      version.version,
      version.kind,
      version.entries,
      version.fileDigest,
      version.reason,
      version.uploadedBy,
      version.uploadedAt,
    ]);
    for (let from = 0; from < entries.length; from += BATCH)
      await this.#addEntries(version, entries.slice(from, from + BATCH));
  }

  async #addEntries({ tenantId, list, version }: ListVersion, entries: readonly ListEntry[]): Promise<void> {
    const rows = entries.map((entry) => ({
      entry_key: entry.key,
      name: entry.name,
      aliases: entry.aliases,
      birth_years: entry.birthYears,
      country: entry.country ?? null,
      program: entry.program ?? null,
      entry_digest: digestOf(entry),
    }));
    await this.#sql.query(
      `INSERT INTO screening_entry (tenant_id, list, version, entry_key, name, aliases, birth_years, country, program, entry_digest)
       SELECT $1, $2, $3, entry_key, name, aliases, birth_years, country, program, entry_digest
       FROM jsonb_to_recordset($4::jsonb) AS new (entry_key text, name text, aliases text[], birth_years integer[],
                                                  country text, program text, entry_digest text)`,
      [tenantId, list, version, JSON.stringify(rows)],
    );
  }
}

function digestOf({ key, name, aliases, birthYears, country, program }: ListEntry): string {
  const parts = [key, name, aliases, birthYears, country ?? null, program ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function toVersion(row: ListRow): ListVersion {
  return {
    tenantId: asTenantId(row.tenant_id),
    list: row.list,
    version: row.version,
    kind: row.kind,
    entries: row.entries,
    fileDigest: row.file_digest,
    reason: row.reason,
    uploadedBy: row.uploaded_by,
    uploadedAt: row.uploaded_at,
  };
}
