import { DomainError } from '@dailydoco/errors';
import { hash, verify } from '@node-rs/argon2';
import type { Passwords } from './sign-in.js';

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. Argon2id is the library's default algorithm. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each running hash holds 19 MiB and a thread of the pool. */
const MAX_RUNNING = 3;
const MAX_WAITING = 300;

/** Argon2id in the thread pool, never on the event loop; past a bounded queue callers are told to come back. */
export class Argon2Passwords implements Passwords {
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** What an unknown account's password is compared with, so that it takes as long as a known one's. */
  #nobody: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.#inTurn(() => hash(password, OPTIONS));
  }

  async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    const compared = passwordHash ?? (await this.#hashOfNobody());
    const same = await this.#inTurn(() => verify(compared, password));
    return same && passwordHash !== undefined;
  }

  async #hashOfNobody(): Promise<string> {
    try {
      return await (this.#nobody ??= this.hash('nobody has this password'));
    } catch (error) {
      // A full queue must not be remembered: unknown accounts would be told apart by it from then on.
      this.#nobody = undefined;
      throw error;
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= MAX_RUNNING) {
      if (this.#waiting.length >= MAX_WAITING) throw new DomainError('OVERLOADED', { retryAfterSeconds: 2 });
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#running += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The turn passes on; nobody waiting: it is given back.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
