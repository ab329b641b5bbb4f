import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { GrantableRole } from '../users/roles.js';
import { normaliseEmail, type User } from '../users/user.js';
import { ACCESS_TOKEN_SECONDS, type Rotation, type Session, type Tokens } from './session.js';

/** Signs access tokens with the key of the moment. */
export interface TokenSigner {
  sign(claims: {
    session: Pick<Session, 'id' | 'tenantId' | 'userId'>;
    roles: readonly GrantableRole[];
    now: Date;
  }): Promise<string>;
}

/** What a session's begin and refresh need of the database transaction they are part of. */
export interface SessionBook {
  begin(tenantId: TenantId, userId: UserId, now: Date): Promise<{ session: Session; refreshToken: string }>;
  rotate(token: string, now: Date): Promise<Rotation>;
  end(ending: {
    tenantId: TenantId;
    userId: UserId;
    sessionId: Session['id'];
    reason: 'refresh_token_reused' | 'logout';
    at: Date;
  }): Promise<number>;
  findByToken(token: string): Promise<Session | undefined>;
}

export interface UserBook {
  find(tenantId: TenantId, userId: UserId): Promise<User | undefined>;
  /** Whether this is still the person's password; if so, it stays so until the database transaction ends. */
  holdPassword(userId: UserId, passwordHash: string): Promise<boolean>;
  audit(entry: {
    tenantId: TenantId;
    actor: string;
    action: string;
    subjectId: UserId;
    detail?: object;
  }): Promise<void>;
}

/** Begins a session for a person who has just proved who they are. */
export async function beginSession(
  book: SessionBook,
  signer: TokenSigner,
  { user, now }: { user: User; now: Date },
): Promise<Tokens> {
  const { session, refreshToken } = await book.begin(user.tenantId, user.id, now);
  return tokens(await signer.sign({ session, roles: user.roles, now }), refreshToken);
}

/**
 * Exchanges a refresh token for a new pair. Throws REFRESH_TOKEN_INVALID for one that is unknown, ended or reused (a reuse
 * ends the session: somebody else has a copy), ACCOUNT_SUSPENDED for a suspended person. `ended` says that something must
 * be committed although the call is refused.
 */
export async function refreshSession(
  books: { sessions: SessionBook; users: UserBook },
  signer: TokenSigner,
  { refreshToken, now }: { refreshToken: string; now: Date },
): Promise<Tokens | DomainError> {
  const rotation = await books.sessions.rotate(refreshToken, now);
  if (rotation.kind === 'unknown') throw new DomainError('REFRESH_TOKEN_INVALID');
  const { tenantId, userId, id: sessionId } = rotation.session;
  if (rotation.kind === 'reused') {
    await books.sessions.end({ tenantId, userId, sessionId, reason: 'refresh_token_reused', at: now });
    await books.users.audit({
      tenantId,
      actor: 'anonymous',
      action: 'refresh_token_reused',
      subjectId: userId,
      detail: { sessionId },
    });
    return new DomainError('REFRESH_TOKEN_INVALID');
  }
  const user = await books.users.find(tenantId, userId);
  if (user === undefined) throw new DomainError('REFRESH_TOKEN_INVALID');
  if (user.status !== 'active') throw new DomainError('ACCOUNT_SUSPENDED');
  return tokens(await signer.sign({ session: rotation.session, roles: user.roles, now }), rotation.refreshToken);
}

/** Ends the session of a refresh token; an unknown one changes nothing. */
export async function logOut(
  book: SessionBook,
  { refreshToken, now }: { refreshToken: string; now: Date },
): Promise<void> {
  const session = await book.findByToken(refreshToken);
  if (session === undefined) return;
  const { tenantId, userId, id: sessionId } = session;
  await book.end({ tenantId, userId, sessionId, reason: 'logout', at: now });
}

function tokens(accessToken: string, refreshToken: string): Tokens {
  return { accessToken, refreshToken, tokenType: 'Bearer', expiresIn: ACCESS_TOKEN_SECONDS };
}

export interface Passwords {
  hash(password: string): Promise<string>;
  /** Takes as long for `undefined`, and is false. */
  verify(passwordHash: string | undefined, password: string): Promise<boolean>;
}

/** Counts attempts; throws RATE_LIMITED. */
export interface LoginLimits {
  /** To be called before a password is looked at: parallel guesses count too. */
  take(attempt: { account: string; address: string }): Promise<void>;
  /** After a success: the account's count starts anew, and the address gets its attempt back. */
  giveBack(attempt: { account: string; address: string }): Promise<void>;
}

/** How an attempt to sign in ended: limited means that the password was not looked at. */
export type AttemptOutcome = 'accepted' | 'refused' | 'limited';

export interface ProvePassword {
  readonly findByEmail: (email: string) => Promise<{ user: User; passwordHash: string } | undefined>;
  readonly passwords: Passwords;
  readonly limits: LoginLimits;
  readonly attempted: (outcome: AttemptOutcome) => void;
}

/**
 * The user of an address and password. An unknown address and a wrong password are told alike, in the same time:
 * CREDENTIALS_INVALID. A suspended person is told so only with the right password.
 */
export async function provePassword(
  by: ProvePassword,
  given: { email: string; password: string; address: string },
): Promise<{ user: User; passwordHash: string }> {
  const email = normaliseEmail(given.email);
  const attempt = { account: email, address: given.address };
  await by.limits.take(attempt).catch((error: unknown) => {
    if (error instanceof DomainError && error.reason === 'RATE_LIMITED') by.attempted('limited');
    throw error;
  });
  const known = await by.findByEmail(email);
  const proved = await by.passwords.verify(known?.passwordHash, given.password);
  by.attempted(known !== undefined && proved ? 'accepted' : 'refused');
  if (known === undefined || !proved) throw new DomainError('CREDENTIALS_INVALID');
  await by.limits.giveBack(attempt);
  if (known.user.status !== 'active') throw new DomainError('ACCOUNT_SUSPENDED');
  return known;
}
