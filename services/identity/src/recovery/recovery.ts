import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { Mail } from '../mails/mail.js';
import { passwordResetMail, verificationMail } from '../mails/mail.js';
import type { User } from '../users/user.js';

export type TokenPurpose = 'password_reset' | 'verify_email';

const HOUR_MS = 3_600_000;
/** How long a code of a mail is good for. */
export const TOKEN_LIFE_MS: Readonly<Record<TokenPurpose, number>> = {
  password_reset: HOUR_MS,
  verify_email: 48 * HOUR_MS,
};

/** What recovery needs of the database transaction it is part of. */
export interface RecoveryBook {
  /** A new code of which only the digest is stored. */
  issue(token: { tenantId: TenantId; userId: UserId; purpose: TokenPurpose; expiresAt: Date }): Promise<string>;
  /** Uses a code once, and up the person's others of the purpose; undefined if unknown, used, expired or of another. */
  use(token: string, purpose: TokenPurpose, now: Date): Promise<{ tenantId: TenantId; userId: UserId } | undefined>;
  queueMail(mail: { tenantId: TenantId; userId: UserId; mail: Mail; now: Date }): Promise<void>;
  savePassword(userId: UserId, passwordHash: string, at: Date): Promise<void>;
  saveVerified(userId: UserId, at: Date): Promise<void>;
  endSessions(ending: { tenantId: TenantId; userId: UserId; reason: 'password_reset'; at: Date }): Promise<number>;
  audit(entry: { tenantId: TenantId; actor: string; action: string; subjectId: UserId }): Promise<void>;
}

type Recipient = Pick<User, 'tenantId' | 'id' | 'email' | 'displayName'>;

export async function mailVerification(book: RecoveryBook, user: Recipient, now: Date): Promise<void> {
  const token = await issue(book, user, 'verify_email', now);
  await book.queueMail({ tenantId: user.tenantId, userId: user.id, mail: verificationMail(user, token), now });
}

export async function mailPasswordReset(book: RecoveryBook, user: Recipient, now: Date): Promise<void> {
  const token = await issue(book, user, 'password_reset', now);
  await book.queueMail({ tenantId: user.tenantId, userId: user.id, mail: passwordResetMail(user, token), now });
  await book.audit({
    tenantId: user.tenantId,
    actor: 'anonymous',
    action: 'password_reset_asked',
    subjectId: user.id,
  });
}

/** Sets the new password and ends every session: whoever knew the old one is out. Throws VALIDATION_FAILED. */
export async function confirmPasswordReset(
  book: RecoveryBook,
  { token, passwordHash, now }: { token: string; passwordHash: string; now: Date },
): Promise<void> {
  const { tenantId, userId } = await used(book, token, 'password_reset', now);
  await book.savePassword(userId, passwordHash, now);
  // Who reads the mails of the address has shown that it is theirs.
  await book.saveVerified(userId, now);
  await book.endSessions({ tenantId, userId, reason: 'password_reset', at: now });
  await book.audit({ tenantId, actor: `user:${userId}`, action: 'password_reset', subjectId: userId });
}

export async function verifyEmail(book: RecoveryBook, { token, now }: { token: string; now: Date }): Promise<void> {
  const { tenantId, userId } = await used(book, token, 'verify_email', now);
  await book.saveVerified(userId, now);
  await book.audit({ tenantId, actor: `user:${userId}`, action: 'email_verified', subjectId: userId });
}

function issue(book: RecoveryBook, { tenantId, id }: Recipient, purpose: TokenPurpose, now: Date): Promise<string> {
  return book.issue({ tenantId, userId: id, purpose, expiresAt: new Date(now.getTime() + TOKEN_LIFE_MS[purpose]) });
}

async function used(book: RecoveryBook, token: string, purpose: TokenPurpose, now: Date) {
  const owner = await book.use(token, purpose, now);
  if (owner === undefined)
    throw new DomainError('VALIDATION_FAILED', {
      fieldErrors: [{ path: 'token', message: 'is not known, was used, or has expired' }],
    });
  return owner;
}
