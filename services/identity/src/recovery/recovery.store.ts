import { hash, randomBytes } from 'node:crypto';
import type { Sql } from '@dailydoco/database';
import { asTenantId, asUserId, type TenantId, type UserId } from '../ids.js';
import type { Mail } from '../mails/mail.js';
import { MailStore } from '../mails/mail.store.js';
import { SessionStore } from '../sessions/session.store.js';
import { UserStore, type UserStoreTools } from '../users/user.store.js';
import type { RecoveryBook, TokenPurpose } from './recovery.js';

const TOKEN_BYTES = 24;
const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer');

/** The only SQL about codes of mails; users, sessions and mails are changed through their own stores. */
export class RecoveryStore implements RecoveryBook {
  readonly #sql: Sql;
  readonly #tools: UserStoreTools;

  constructor(sql: Sql, tools: UserStoreTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  async issue(token: { tenantId: TenantId; userId: UserId; purpose: TokenPurpose; expiresAt: Date }): Promise<string> {
    const text = randomBytes(TOKEN_BYTES).toString('base64url');
    await this.#sql.query(
      'INSERT INTO mail_token (sha256, tenant_id, user_id, purpose, expires_at) VALUES ($1, $2, $3, $4, $5)',
      [sha256(text), token.tenantId, token.userId, token.purpose, token.expiresAt],
    );
    return text;
  }

  async use(token: string, purpose: TokenPurpose, now: Date) {
    const { rows } = await this.#sql.query<{ tenant_id: string; user_id: string }>(
      `UPDATE mail_token SET used_at = $3 WHERE sha256 = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
       RETURNING tenant_id, user_id`,
      [sha256(token), purpose, now],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    // Whoever asked twice has two mails; once one of them has served, the other must not lie about as a way in.
    await this.#sql.query(
      'UPDATE mail_token SET used_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL',
      [row.user_id, purpose, now],
    );
    return { tenantId: asTenantId(row.tenant_id), userId: asUserId(row.user_id) };
  }

  queueMail(mail: { tenantId: TenantId; userId: UserId; mail: Mail; now: Date }): Promise<void> {
    return new MailStore(this.#sql, this.#tools.sealer).queue({ id: this.#tools.newId(), ...mail });
  }

  savePassword(userId: UserId, passwordHash: string, at: Date): Promise<void> {
    return this.#users().savePassword(userId, passwordHash, at);
  }

  saveVerified(userId: UserId, at: Date): Promise<void> {
    return this.#users().saveVerified(userId, at);
  }

  endSessions(ending: { tenantId: TenantId; userId: UserId; reason: 'password_reset'; at: Date }): Promise<number> {
    return new SessionStore(this.#sql, this.#tools).end(ending);
  }

  audit(entry: { tenantId: TenantId; actor: string; action: string; subjectId: UserId }): Promise<void> {
    return this.#users().audit(entry);
  }

  /** Deletes codes that expired; true when there may be more. */
  async purge(before: Date, limit: number): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      'DELETE FROM mail_token WHERE sha256 IN (SELECT sha256 FROM mail_token WHERE expires_at < $1 LIMIT $2)',
      [before, limit],
    );
    return rowCount === limit;
  }

  #users(): UserStore {
    return new UserStore(this.#sql, this.#tools);
  }
}
