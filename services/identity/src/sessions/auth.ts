import { DomainError } from '@dailydoco/errors';
import type { Fingerprints, RegistrationOrigin } from '../fingerprints/fingerprints.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import {
  addUser,
  type AskReferral,
  checkReferral,
  type ReferralVerdict,
  type RegistrationBook,
} from '../users/registration.js';
import { normaliseEmail, type User } from '../users/user.js';
import type { Tokens } from './session.js';
import {
  beginSession,
  logOut,
  type Passwords,
  provePassword,
  type ProvePassword,
  refreshSession,
  type SessionBook,
  type TokenSigner,
  type UserBook,
} from './sign-in.js';

/** The stores over one database transaction. */
export interface AuthBooks {
  readonly registration: RegistrationBook;
  readonly sessions: SessionBook;
  readonly users: UserBook;
}

export interface AuthParts {
  readonly once: OncePerKey<AuthBooks>;
  readonly signer: TokenSigner;
  readonly passwords: Passwords;
  readonly prove: ProvePassword;
  readonly askReferral: AskReferral;
  readonly fingerprint: (given: { tenantId: TenantId; email: string; origin: RegistrationOrigin }) => Fingerprints;
  readonly clock: { now(): Date };
  readonly newUserId: () => UserId;
}

export interface SignedIn {
  readonly user: User;
  readonly tokens: Tokens;
}

export interface Registration {
  readonly tenantId: TenantId;
  readonly email: string;
  readonly password: string;
  readonly displayName: string;
  readonly referralCode: string | undefined;
  readonly visitorId: string | undefined;
  readonly origin: RegistrationOrigin;
  readonly clickId: string | undefined;
}

/** How a use case's result becomes the answer that an Idempotency-Key remembers. */
type AnswerOf<Result, Body> = (result: Result) => { status: number; body: Body };

/** Registration and sign-in: everything that hashes or asks comes before the database transaction. */
export class Auth {
  readonly #parts: AuthParts;

  constructor(parts: AuthParts) {
    this.#parts = parts;
  }

  /** Throws EMAIL_TAKEN. The person is signed in at once. */
  async register<Body>(
    given: Registration,
    { call, answer }: { call: IdempotentCall; answer: AnswerOf<SignedIn & { referral: ReferralVerdict }, Body> },
  ): Promise<ReplayableAnswer<Body>> {
    const { passwords, askReferral, fingerprint, clock, signer, newUserId, once } = this.#parts;
    const fingerprints = fingerprint(given);
    const [passwordHash, referral] = await Promise.all([
      passwords.hash(given.password),
      checkReferral(askReferral, given),
    ]);
    return once(call, async ({ registration, sessions }) => {
      const now = clock.now();
      const { tenantId, displayName, referralCode, visitorId, clickId } = given;
      const id = newUserId();
      const email = normaliseEmail(given.email);
      const told = { displayName, passwordHash, referralCode, visitorId, clickId, fingerprints };
      const added = { ...told, tenantId, id, email, roles: [], registeredAt: now };
      const user = await addUser(registration, added, `user:${id}`);
      return answer({ user, referral, tokens: await beginSession(sessions, signer, { user, now }) });
    });
  }

  /** Throws CREDENTIALS_INVALID, ACCOUNT_SUSPENDED, RATE_LIMITED. */
  async logIn<Body>(
    given: { email: string; password: string; address: string },
    { call, answer }: { call: IdempotentCall; answer: AnswerOf<SignedIn, Body> },
  ): Promise<ReplayableAnswer<Body>> {
    const { prove, clock, signer, once } = this.#parts;
    const { user, passwordHash } = await provePassword(prove, given);
    return once(call, async ({ sessions, users }) => {
      // A password that was reset meanwhile opens no session that the reset could not end.
      if (!(await users.holdPassword(user.id, passwordHash))) throw new DomainError('CREDENTIALS_INVALID');
      const now = clock.now();
      const tokens = await beginSession(sessions, signer, { user, now });
      await users.audit({ tenantId: user.tenantId, actor: `user:${user.id}`, action: 'logged_in', subjectId: user.id });
      return answer({ user, tokens });
    });
  }

  /** Throws REFRESH_TOKEN_INVALID, ACCOUNT_SUSPENDED. */
  async refresh<Body>(
    refreshToken: string,
    { call, answer }: { call: IdempotentCall; answer: AnswerOf<Tokens, Body> },
  ): Promise<ReplayableAnswer<Body>> {
    const { clock, signer, once } = this.#parts;
    // A refusal that must be committed (a reuse ends the session) is no answer to remember; it is thrown afterwards.
    const refused: DomainError[] = [];
    const replayable = await once<Body | undefined>(call, async ({ sessions, users }) => {
      const result = await refreshSession({ sessions, users }, signer, { refreshToken, now: clock.now() });
      if ('accessToken' in result) return answer(result);
      refused.push(result);
      return { status: 401, body: undefined };
    });
    if (refused[0] !== undefined) throw refused[0];
    // Only a refusal has no body.
    return replayable as ReplayableAnswer<Body>;
  }

  logOut(refreshToken: string, call: IdempotentCall): Promise<ReplayableAnswer<undefined>> {
    const { once, clock } = this.#parts;
    return once(call, async ({ sessions }) => {
      await logOut(sessions, { refreshToken, now: clock.now() });
      return { status: 204, body: undefined };
    });
  }
}
