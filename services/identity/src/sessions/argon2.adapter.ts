import { Bulkhead } from '@dailydoco/resilience';
import { hash, verify } from '@node-rs/argon2';
import type { Passwords } from './sign-in.js';

/** OWASP's first choice for Argon2id: 19 MiB, two passes, one lane. Argon2id is the library's default algorithm. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
/** Each running hash holds 19 MiB and a thread of the pool. */
const MAX_RUNNING = 3;
/** In ten seconds or so all of them have had their turn. */
const MAX_WAITING = 300;

/** Argon2id in the thread pool, never on the event loop; past a bounded queue callers are told to come back. */
export class Argon2Passwords implements Passwords {
  readonly #bulkhead = new Bulkhead({ client: 'argon2', concurrent: MAX_RUNNING, queued: MAX_WAITING });
  /** What an unknown account's password is compared with, so that it takes as long as a known one's. */
  #nobody: Promise<string> | undefined;

  hash(password: string): Promise<string> {
    return this.#bulkhead.run(() => hash(password, OPTIONS));
  }

  async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    const compared = passwordHash ?? (await this.#hashOfNobody());
    const same = await this.#bulkhead.run(() => verify(compared, password));
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
}
