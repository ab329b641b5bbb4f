import { hash, randomBytes } from 'node:crypto';
import type { Revocations } from '@dailydoco/auth';
import type { Sql } from '@dailydoco/database';
import type { NewId } from '@dailydoco/lifecycle';
import { asSessionId, asTenantId, asUserId, type SessionId, type TenantId, type UserId } from '../ids.js';
import type { Sealer } from '../secrets/sealer.js';
import { type EndReason, RACE_WINDOW_MS, type Rotation, type Session, sessionEnd } from './session.js';
import { endSessionsOf } from './session-rows.store.js';

export interface SessionStoreTools {
  readonly newId: NewId;
  readonly sealer: Sealer;
  readonly revocations: Pick<Revocations, 'record'>;
}

interface SessionRow {
  id: string;
  tenant_id: string;
  user_id: string;
  created_at: Date;
  refreshed_at: Date;
  expires_at: Date;
}

const SUCCESSOR = 'refresh token';
const TOKEN_BYTES = 32;
const COLUMNS = 's.id, s.tenant_id, s.user_id, s.created_at, s.refreshed_at, s.expires_at';

const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');
const newRefreshToken = (): string => `ddr_${randomBytes(TOKEN_BYTES).toString('base64url')}`;

/** The only SQL about sessions and refresh tokens. Tokens are stored as SHA-256, as 256 random bits need no more. */
export class SessionStore {
  readonly #sql: Sql;
  readonly #tools: SessionStoreTools;

  constructor(sql: Sql, tools: SessionStoreTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  async begin(tenantId: TenantId, userId: UserId, now: Date): Promise<{ session: Session; refreshToken: string }> {
    const session = {
      id: asSessionId(this.#tools.newId()),
      tenantId,
      userId,
      createdAt: now,
      refreshedAt: now,
      expiresAt: sessionEnd(now),
    };
    await this.#sql.query(
      `INSERT INTO session (id, tenant_id, user_id, created_at, refreshed_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`,
      [session.id, tenantId, userId, now, session.expiresAt],
    );
    const refreshToken = newRefreshToken();
    await this.#addToken(refreshToken, session, now);
    return { session, refreshToken };
  }

  /**
   * Uses a refresh token. One UPDATE decides who is first; whoever comes second within seconds gets the same successor,
   * later it is a reuse. An ended or expired session, or no such token, is unknown.
   */
  async rotate(token: string, now: Date): Promise<Rotation> {
    const successor = newRefreshToken();
    const { rows } = await this.#sql.query<SessionRow>(
      `WITH used AS (
         UPDATE refresh_token t SET used_at = $2, sealed_successor = $3
         FROM session s
         WHERE t.sha256 = $1 AND t.used_at IS NULL AND s.id = t.session_id AND s.ended_at IS NULL AND s.expires_at > $2
         RETURNING t.session_id
       )
       UPDATE session s SET refreshed_at = $2, expires_at = $4 FROM used WHERE s.id = used.session_id
       RETURNING ${COLUMNS}`,
      [sha256(token), now, this.#tools.sealer.seal(successor, SUCCESSOR), sessionEnd(now)],
    );
    const [first] = rows;
    if (first === undefined) return this.#presentedAgain(token, now);
    const session = toSession(first);
    await this.#addToken(successor, session, now);
    return { kind: 'rotated', session, refreshToken: successor };
  }

  /** The session of a token, used or not; undefined when nobody knows it or the session has ended. */
  async findByToken(token: string): Promise<Session | undefined> {
    const { rows } = await this.#sql.query<SessionRow>(
      `SELECT ${COLUMNS} FROM refresh_token t JOIN session s ON s.id = t.session_id
       WHERE t.sha256 = $1 AND s.ended_at IS NULL`,
      [sha256(token)],
    );
    return rows[0] && toSession(rows[0]);
  }

  /** Ends sessions and takes their access tokens along; returns how many had not ended. */
  async end(ending: {
    tenantId: TenantId;
    userId: UserId;
    sessionId?: SessionId;
    reason: EndReason;
    at: Date;
  }): Promise<number> {
    const ended = await endSessionsOf(this.#sql, ending);
    for (const subjectId of ended)
      await this.#tools.revocations.record(this.#sql, { subjectKind: 'session', subjectId, revokedAt: ending.at });
    return ended.length;
  }

  /** Active sessions, newest first. */
  async list(of: {
    tenantId: TenantId;
    userId: UserId;
    before: string | undefined;
    limit: number;
    now: Date;
  }): Promise<Session[]> {
    const { rows } = await this.#sql.query<SessionRow>(
      `SELECT ${COLUMNS} FROM session s
       WHERE s.tenant_id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND ($4::uuid IS NULL OR s.id < $4)
       ORDER BY s.id DESC LIMIT $5`,
      [of.tenantId, of.userId, of.now, of.before ?? null, of.limit],
    );
    return rows.map(toSession);
  }

  /** Deletes what ended or expired long ago; true when there may be more. */
  async purge(before: Date, limit: number): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [before, limit],
    );
    return rowCount === limit;
  }

  async #presentedAgain(token: string, now: Date): Promise<Rotation> {
    const { rows } = await this.#sql.query<SessionRow & { used_at: Date | null; sealed_successor: Buffer | null }>(
      `SELECT ${COLUMNS}, t.used_at, t.sealed_successor FROM refresh_token t JOIN session s ON s.id = t.session_id
       WHERE t.sha256 = $1 AND s.ended_at IS NULL AND s.expires_at > $2`,
      [sha256(token), now],
    );
    const [row] = rows;
    if (row === undefined || row.used_at === null || row.sealed_successor === null) return { kind: 'unknown' };
    const session = toSession(row);
    if (now.getTime() - row.used_at.getTime() > RACE_WINDOW_MS) return { kind: 'reused', session };
    const refreshToken = this.#tools.sealer.open(row.sealed_successor, SUCCESSOR).toString();
    return { kind: 'raced', session, refreshToken };
  }

  async #addToken(token: string, { id, tenantId }: Session, now: Date): Promise<void> {
    await this.#sql.query(
      'INSERT INTO refresh_token (sha256, tenant_id, session_id, issued_at) VALUES ($1, $2, $3, $4)',
      [sha256(token), tenantId, id, now],
    );
  }
}

function toSession(row: SessionRow): Session {
  return {
    id: asSessionId(row.id),
    tenantId: asTenantId(row.tenant_id),
    userId: asUserId(row.user_id),
    createdAt: row.created_at,
    refreshedAt: row.refreshed_at,
    expiresAt: row.expires_at,
  };
}
