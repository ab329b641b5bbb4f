import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { User } from '../users/user.js';
import {
  confirmPasswordReset,
  mailPasswordReset,
  mailVerification,
  type RecoveryBook,
  verifyEmail,
} from './recovery.js';

export interface RecoveryParts {
  readonly findByEmail: (email: string) => Promise<{ user: User } | undefined>;
  readonly once: OncePerKey<RecoveryBook>;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Throws RATE_LIMITED: a stranger must not fill somebody's mailbox. */
  readonly limit: (email: string) => Promise<void>;
  readonly clock: { now(): Date };
}

/** What every call of recovery is answered with. */
type Accepted = ReplayableAnswer<undefined>;
const ACCEPTED = { status: 202, body: undefined };

/** Password reset and e-mail verification. Whether an address is known is never told. */
export class Recovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /** Throws RATE_LIMITED. */
  askForPassword(email: string, call: IdempotentCall): Promise<Accepted> {
    return this.#mailTo(email, call, mailPasswordReset);
  }

  /** Throws RATE_LIMITED. */
  askToVerify(email: string, call: IdempotentCall): Promise<Accepted> {
    return this.#mailTo(email, call, async (book, user, now) => {
      if (user.emailVerifiedAt === undefined) await mailVerification(book, user, now);
    });
  }

  /** Throws VALIDATION_FAILED for a code that is not good. */
  async confirmPassword(given: { token: string; password: string }, call: IdempotentCall): Promise<Accepted> {
    const { once, hashPassword, clock } = this.#parts;
    const passwordHash = await hashPassword(given.password);
    return once(call, async (book) => {
      await confirmPasswordReset(book, { token: given.token, passwordHash, now: clock.now() });
      return ACCEPTED;
    });
  }

  /** Throws VALIDATION_FAILED for a code that is not good. */
  verify(token: string, call: IdempotentCall): Promise<Accepted> {
    const { once, clock } = this.#parts;
    return once(call, async (book) => {
      await verifyEmail(book, { token, now: clock.now() });
      return ACCEPTED;
    });
  }

  async #mailTo(
    email: string,
    call: IdempotentCall,
    mail: (book: RecoveryBook, user: User, now: Date) => Promise<void>,
  ): Promise<Accepted> {
    const { findByEmail, once, limit, clock } = this.#parts;
    await limit(email);
    const known = await findByEmail(email);
    return once(call, async (book) => {
      if (known?.user.status === 'active') await mail(book, known.user, clock.now());
      return ACCEPTED;
    });
  }
}
