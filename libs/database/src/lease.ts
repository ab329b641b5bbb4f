import { setTimeout as wait } from 'node:timers/promises';
import type { Heartbeat } from '@dailydoco/lifecycle';
import pg from 'pg';

export interface LeaseOptions {
  readonly connectionString: string;
  /** Who holds it is alone in this database under this key. */
  readonly key: string;
  /** Runs while the lease is held. `signal` aborts the moment the connection is lost or the lease is to be given away. */
  readonly onHeld: (signal: AbortSignal, client: pg.Client) => Promise<void>;
  /** Pause between attempts, also after `onHeld` has ended. */
  readonly retryMs: number;
  readonly heartbeat?: Heartbeat;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A server that does not answer at all: the holder must notice, and stop. Longer than any statement of a holder may take. */
const QUERY_TIMEOUT_MS = 31_000;
/** A holder whose machine vanished is noticed by the server in about this time. */
const KEEPALIVE = 'SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3';

/**
 * A session advisory lock on a connection of its own, never pooled: the database gives it away the moment the connection
 * ends, so that a killed holder is followed within `retryMs`.
 */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;

  private constructor(options: LeaseOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  /** Begins to try for the lease, and goes on for ever: after a loss, too. */
  static hold(options: LeaseOptions): Lease {
    return new Lease(options);
  }

  /** Aborts the holder's signal, waits for its end and gives the lease away. May be called more than once. */
  async release(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#options.heartbeat?.beat();
      // A store that is away, or work that failed, is tried again: `onHeld` reports its own errors.
      await this.#attempt().catch(() => undefined);
      await wait(this.#options.retryMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #attempt(): Promise<void> {
    const { connectionString, key, onHeld } = this.#options;
    const client = new pg.Client({
      connectionString,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      application_name: `lease ${key}`,
    });
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    try {
      await client.connect();
      await client.query(KEEPALIVE);
      const { rows } = await client.query<{ held: boolean }>(
        'SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held',
        [key],
      );
      if (rows[0]?.held === true) await onHeld(AbortSignal.any([lost.signal, this.#stopping.signal]), client);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
