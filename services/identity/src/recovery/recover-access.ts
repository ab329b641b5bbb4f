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
  readonly withBook: <T>(work: (book: RecoveryBook) => Promise<T>) => Promise<T>;
  readonly hashPassword: (password: string) => Promise<string>;
  /** Throws RATE_LIMITED: a stranger must not fill somebody's mailbox. */
  readonly limit: (email: string) => Promise<void>;
  readonly clock: { now(): Date };
}

/** Password reset and e-mail verification. Whether an address is known is never told. */
export class Recovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  askForPassword(email: string): Promise<void> {
    return this.#mailTo(email, mailPasswordReset);
  }

  askToVerify(email: string): Promise<void> {
    return this.#mailTo(email, async (book, user, now) => {
      if (user.emailVerifiedAt === undefined) await mailVerification(book, user, now);
    });
  }

  /** Throws VALIDATION_FAILED for a code that is not good. */
  async confirmPassword({ token, password }: { token: string; password: string }): Promise<void> {
    const { withBook, hashPassword, clock } = this.#parts;
    const passwordHash = await hashPassword(password);
    await withBook((book) => confirmPasswordReset(book, { token, passwordHash, now: clock.now() }));
  }

  verify(token: string): Promise<void> {
    const { withBook, clock } = this.#parts;
    return withBook((book) => verifyEmail(book, { token, now: clock.now() }));
  }

  async #mailTo(email: string, mail: (book: RecoveryBook, user: User, now: Date) => Promise<void>): Promise<void> {
    const { findByEmail, withBook, limit, clock } = this.#parts;
    await limit(email);
    const known = await findByEmail(email);
    if (known?.user.status !== 'active') return;
    const { user } = known;
    await withBook((book) => mail(book, user, clock.now()));
  }
}
