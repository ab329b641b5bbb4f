import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { MigrationSource } from './migrations.js';
import type { Sql } from './sql.js';

/** The tables of this library: every service merges them into its own migrations. */
export const databaseMigrations: MigrationSource = {
  name: 'database',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
};

/** A database that was brought back to an earlier moment, and whose differences nobody has accepted yet. */
export interface RestoreHold {
  readonly id: string;
  readonly restoredAt: Date;
  /** The moment whose state it has. */
  readonly restoredTo: Date;
  readonly restoredBy: string;
  readonly reason: string;
}

interface HoldRow {
  readonly id: string;
  readonly restored_at: Date;
  readonly restored_to: Date;
  readonly restored_by: string;
  readonly reason: string;
}

/** The holds that nobody has accepted, oldest first; more than one when a database was restored again while it was held. */
export async function openRestoreHolds(sql: Sql): Promise<RestoreHold[]> {
  const { rows } = await sql.query<HoldRow>(
    `SELECT h.id, h.restored_at, h.restored_to, h.restored_by, h.reason FROM operations.restore_hold h
     WHERE NOT EXISTS (SELECT FROM operations.restore_acceptance a WHERE a.hold_id = h.id)
     ORDER BY h.restored_at, h.id`,
  );
  return rows.map((row) => ({
    id: row.id,
    restoredAt: row.restored_at,
    restoredTo: row.restored_to,
    restoredBy: row.restored_by,
    reason: row.reason,
  }));
}

/** Marks the database as restored. Needs the owner role; returns the hold's id. */
export async function writeRestoreHold(
  sql: Sql,
  { restoredTo, restoredBy, reason }: { restoredTo: Date; restoredBy: string; reason: string },
): Promise<string> {
  const id = randomUUID();
  await sql.query(
    `INSERT INTO operations.restore_hold (id, restored_at, restored_to, restored_by, reason)
     VALUES ($1, clock_timestamp(), $2, $3, $4)`,
    [id, restoredTo, restoredBy, reason],
  );
  return id;
}

/** Ends every open hold of the database, for good. Needs the owner role; returns the holds that were ended. */
export async function acceptRestore(
  sql: Sql,
  { acceptedBy, reason, reportSha256 }: { acceptedBy: string; reason: string; reportSha256: string },
): Promise<RestoreHold[]> {
  const holds = await openRestoreHolds(sql);
  await sql.query(
    `INSERT INTO operations.restore_acceptance (hold_id, accepted_at, accepted_by, reason, report_sha256)
     SELECT hold_id, clock_timestamp(), $2, $3, $4 FROM unnest($1::uuid[]) AS h (hold_id)
     ON CONFLICT DO NOTHING`,
    [holds.map(({ id }) => id), acceptedBy, reason, reportSha256],
  );
  return holds;
}
