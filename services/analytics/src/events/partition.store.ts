import type { Sql } from '@dailydoco/database';
import type { PartitionBook } from './keep-up.js';

/** Days made in one statement: each table and its indexes need locks, of which Postgres has a fixed number. */
const AT_ONCE = 20;
/** More days than this are not worth remembering. */
const MOST_KNOWN = 10_000;

/** The partitions of the event table, one for each UTC day (`2026-06-01`). */
export class PartitionStore implements PartitionBook {
  readonly #sql: Sql;
  // What this process knows to exist: in the usual case nothing is asked.
  #known = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes the partitions that are missing; committed when it resolves. */
  async ensure(days: Iterable<string>): Promise<void> {
    const missing = [...new Set(days)].filter((day) => !this.#known.has(day)).toSorted();
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      const some = missing.slice(at, at + AT_ONCE);
      await this.#sql.query('SELECT ensure_event_partition(day) FROM unnest($1::date[]) AS d (day)', [some]);
      if (this.#known.size > MOST_KNOWN) this.forget();
      for (const day of some) this.#known.add(day);
    }
  }

  /** Another process may have dropped what this one believes to exist. */
  forget(): void {
    this.#known = new Set();
  }

  async dropOldest(firstKept: string): Promise<boolean> {
    const { rows } = await this.#sql.query<{ dropped: boolean }>(
      'SELECT drop_oldest_event_partition($1::date) AS dropped',
      [firstKept],
    );
    const dropped = rows[0]?.dropped === true;
    if (dropped) this.forget();
    return dropped;
  }

  async forgetKeys(receivedBefore: Date, limit: number): Promise<number> {
    const { rowCount } = await this.#sql.query(
      `DELETE FROM event_key WHERE (tenant_id, id) IN (
         SELECT tenant_id, id FROM event_key WHERE received_at <= $1 ORDER BY received_at LIMIT $2 FOR UPDATE SKIP LOCKED
       )`,
      [receivedBefore.toISOString(), limit],
    );
    return rowCount;
  }
}
