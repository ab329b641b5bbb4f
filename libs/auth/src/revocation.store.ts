import { fileURLToPath } from 'node:url';
import type { MigrationSource, Sql } from '@dailydoco/database';

/** The tables of this library, to be migrated with those of each service. */
export const authMigrations: MigrationSource = {
  name: 'auth',
  directory: fileURLToPath(new URL('../migrations', import.meta.url)),
};

export type RevocationSubjectKind = 'user' | 'session' | 'apiKey';

/** What lost its access: a suspended user, a session that was ended, an API key that was revoked. */
export interface RevocationSubject {
  readonly subjectKind: RevocationSubjectKind;
  readonly subjectId: string;
}

export interface RevocationRow extends RevocationSubject {
  readonly revoked: boolean;
  readonly changedAt: Date;
}

const IS_REVOKED = `revoked_at IS NOT NULL AND (lifted_at IS NULL OR revoked_at > lifted_at)`;

/** Writes both facts alike: the latest of each kind stands, whatever comes twice or late. */
export async function saveRevocation(
  sql: Sql,
  { subjectKind, subjectId, revokedAt, liftedAt }: RevocationSubject & { revokedAt?: Date; liftedAt?: Date },
): Promise<void> {
  await sql.query(
    `INSERT INTO auth.revocation AS held (subject_kind, subject_id, revoked_at, lifted_at, changed_at)
     VALUES ($1, $2, $3, $4, clock_timestamp())
     ON CONFLICT (subject_kind, subject_id) DO UPDATE
       SET revoked_at = GREATEST(held.revoked_at, EXCLUDED.revoked_at),
           lifted_at = GREATEST(held.lifted_at, EXCLUDED.lifted_at),
           changed_at = clock_timestamp()`,
    [subjectKind, subjectId, revokedAt ?? null, liftedAt ?? null],
  );
}

/** Everybody who is refused now: suspended users, and what was revoked within the last `recentMs`. */
export async function readAllRevocations(sql: Sql, recentMs: number): Promise<RevocationRow[]> {
  const { rows } = await sql.query<RevocationRow>(
    `SELECT subject_kind AS "subjectKind", subject_id AS "subjectId", true AS "revoked", changed_at AS "changedAt"
       FROM auth.revocation
      WHERE (subject_kind = 'user' AND ${IS_REVOKED})
         OR (changed_at > clock_timestamp() - make_interval(secs => $1) AND ${IS_REVOKED})`,
    [recentMs / 1_000],
  );
  return rows;
}

/** What changed within the last `sinceMs`, lifted or revoked. */
export async function readChangedRevocations(sql: Sql, sinceMs: number): Promise<RevocationRow[]> {
  const { rows } = await sql.query<RevocationRow>(
    `SELECT subject_kind AS "subjectKind", subject_id AS "subjectId", (${IS_REVOKED}) AS "revoked", changed_at AS "changedAt"
       FROM auth.revocation
      WHERE changed_at > clock_timestamp() - make_interval(secs => $1)`,
    [sinceMs / 1_000],
  );
  return rows;
}

const PRUNE_ROWS = 1_000;

/** Deletes at most 1,000 rows that have said nothing for `olderThanMs`; never one of a suspended user. */
export async function pruneRevocations(sql: Sql, olderThanMs: number): Promise<number> {
  const { rowCount } = await sql.query(
    `DELETE FROM auth.revocation
      WHERE (subject_kind, subject_id) IN (
        SELECT subject_kind, subject_id FROM auth.revocation
         WHERE changed_at < clock_timestamp() - make_interval(secs => $1)
           AND NOT (subject_kind = 'user' AND ${IS_REVOKED})
         ORDER BY changed_at
         LIMIT ${PRUNE_ROWS}
           FOR UPDATE SKIP LOCKED)`,
    [olderThanMs / 1_000],
  );
  return rowCount;
}
