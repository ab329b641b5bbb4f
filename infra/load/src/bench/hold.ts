import { setTimeout as wait } from 'node:timers/promises';
import type { ManagedProcess } from '@dailydoco/local';
import pg from 'pg';

const STOPPED_MS = 25;
/** Between two tries; longer and longer, because what keeps them at work comes to an end only while they may work. */
const LONGEST_PAUSE_MS = 500;
const GIVE_UP_AFTER_MS = 120_000;

/** Processes that can be stopped where they are, and let go on. */
export class Holdable {
  readonly #processes: readonly ManagedProcess[];
  readonly #superuserUrl: string;

  constructor(processes: readonly ManagedProcess[], superuserUrl: string) {
    this.#processes = processes;
    this.#superuserUrl = superuserUrl;
  }

  /**
   * Stops them, none in the middle of a database transaction: one that stands still there keeps its locks from everybody and
   * the server from clearing away old versions of rows. Nobody else may be at work in the database meanwhile.
   */
  async hold(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#superuserUrl });
    await client.connect();
    try {
      const giveUpAtMs = performance.now() + GIVE_UP_AFTER_MS;
      for (let tries = 1; performance.now() < giveUpAtMs; tries += 1) {
        this.#tell('SIGSTOP');
        // What was sent just before is begun by now.
        await wait(STOPPED_MS);
        if ((await openTransactions(client)) === 0) return;
        this.letGo();
        await wait(Math.min(tries * STOPPED_MS, LONGEST_PAUSE_MS) * Math.random());
      }
    } finally {
      await client.end();
    }
    this.letGo();
    throw new Error(`no moment without an open database transaction within ${GIVE_UP_AFTER_MS / 1000} s`);
  }

  letGo(): void {
    this.#tell('SIGCONT');
  }

  #tell(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const each of this.#processes) each.kill(signal);
  }
}

async function openTransactions(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ open: number }>(
    `SELECT count(*)::int AS open FROM pg_stat_activity
     WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`,
  );
  return rows[0]?.open ?? 0;
}
