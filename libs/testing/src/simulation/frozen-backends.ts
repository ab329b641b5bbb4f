import { readFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Server processes that are held still while they wait for a lock. Several that one commit sets free would run side by
 * side, and which comes first to the next lock would be chance; so each is let go on alone. A lock is handed to whoever
 * waits by the one who frees it, so nothing is lost by standing still. Where the server is not a process of this machine
 * nobody is held.
 */
export class FrozenBackends {
  readonly #databaseName: string;
  readonly #frozen = new Set<number>();

  constructor(databaseName: string) {
    this.#databaseName = databaseName;
  }

  freeze(pid: number): void {
    if (this.#frozen.has(pid) || !this.#isBackend(pid)) return;
    process.kill(pid, 'SIGSTOP');
    this.#frozen.add(pid);
  }

  thaw(pid: number): void {
    if (this.#frozen.delete(pid)) process.kill(pid, 'SIGCONT');
  }

  thawAll(): void {
    for (const pid of this.#frozen) this.thaw(pid);
  }

  /** The server names its processes after what they serve: nobody else's is ever touched. */
  #isBackend(pid: number): boolean {
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return title.startsWith('postgres: ') && title.includes(` ${this.#databaseName} `);
    } catch {
      return false;
    }
  }
}
