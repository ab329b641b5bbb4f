import type pg from 'pg';
import { connected } from '../hold.js';

const FETCH = 5_000;

/** One database at one moment: everything read through it belongs together. */
export class Snapshot {
  readonly #client: pg.Client;
  #cursors = 0;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async open(url: string): Promise<Snapshot> {
    const client = await connected(url);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // The moment is that of the first statement.
    await client.query('SELECT 1');
    return new Snapshot(client);
  }

  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.#client.query<R>(text, values)).rows;
  }

  /** Rows of a query however many, some thousand in memory at a time. */
  async *stream<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): AsyncGenerator<R> {
    this.#cursors += 1;
    const cursor = `c${this.#cursors}`;
    await this.#client.query(`DECLARE ${cursor} NO SCROLL CURSOR FOR ${text}`, values);
    for (;;) {
      const { rows } = await this.#client.query<R>(`FETCH ${FETCH} FROM ${cursor}`);
      yield* rows;
      if (rows.length < FETCH) break;
    }
    await this.#client.query(`CLOSE ${cursor}`);
  }

  /** The same in portions of some thousand. */
  async *portions<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): AsyncGenerator<R[]> {
    let portion: R[] = [];
    for await (const row of this.stream<R>(text, values)) {
      portion.push(row);
      if (portion.length < FETCH) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}
