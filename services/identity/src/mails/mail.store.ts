import type { Sql } from '@dailydoco/database';
import type { TenantId, UserId } from '../ids.js';
import type { Sealer } from '../secrets/sealer.js';
import { type Mail, MAX_ATTEMPTS, nextAttemptAt } from './mail.js';

export interface QueuedMail {
  readonly id: string;
  readonly mail: Mail;
  readonly attempts: number;
}

/** The only SQL about mails on their way out. */
export class MailStore {
  readonly #sql: Sql;
  readonly #sealer: Sealer;

  constructor(sql: Sql, sealer: Sealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  async queue(row: { id: string; tenantId: TenantId; userId: UserId; mail: Mail; now: Date }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO mail (id, tenant_id, user_id, sealed, created_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5, $5)`,
      [row.id, row.tenantId, row.userId, this.#sealer.seal(JSON.stringify(row.mail), `mail ${row.id}`), row.now],
    );
  }

  /** Takes one mail that is due for an attempt; until its next attempt is due nobody else gets it. */
  async claim(now: Date): Promise<QueuedMail | undefined> {
    const { rows } = await this.#sql.query<{ id: string; sealed: Buffer; attempts: number }>(
      `SELECT id, sealed, attempts FROM mail WHERE next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [now],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    await this.#sql.query('UPDATE mail SET attempts = attempts + 1, next_attempt_at = $2 WHERE id = $1', [
      row.id,
      nextAttemptAt(row.attempts, now),
    ]);
    const mail = JSON.parse(this.#sealer.open(row.sealed, `mail ${row.id}`).toString()) as Mail;
    return { id: row.id, mail, attempts: row.attempts + 1 };
  }

  async sent(id: string): Promise<void> {
    await this.#sql.query('DELETE FROM mail WHERE id = $1', [id]);
  }

  /** Keeps why it failed; the last attempt's failure gives the mail up. Returns whether it was given up. */
  async failed({ id, attempts }: QueuedMail, why: string): Promise<boolean> {
    if (attempts >= MAX_ATTEMPTS) {
      await this.sent(id);
      return true;
    }
    await this.#sql.query('UPDATE mail SET last_error = $2 WHERE id = $1', [id, why]);
    return false;
  }
}
