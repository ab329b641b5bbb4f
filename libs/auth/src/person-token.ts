import { PERSON_TOKEN_ALGORITHM } from './jwks.js';
import type { JwksSource } from './jwks.js';
import { isRole } from './principal.js';
import type { Person } from './principal.js';
import { refused, unverifiedHeader, verifyToken } from './token.js';

export interface PersonTokenRules {
  readonly jwks: JwksSource;
  readonly issuer: string;
  readonly audience: string;
}

export interface Verified<P> {
  readonly principal: P;
  /** When the token itself ends, in milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/**
 * The person a token speaks for: ES256 under a published key, and nothing else. Claims: sub = user, tid = tenant,
 * sid = session, roles. Throws UNAUTHENTICATED, TOKEN_EXPIRED, or UNAVAILABLE when the keys cannot be had.
 */
export async function verifyPersonToken(token: string, rules: PersonTokenRules, now: Date): Promise<Verified<Person>> {
  const { kid } = unverifiedHeader(token);
  if (kid === undefined) throw refused();
  const key = await rules.jwks.keyFor(kid);
  if (key === undefined) throw refused();
  const { issuer, audience } = rules;
  const claims = await verifyToken(token, key, { algorithm: PERSON_TOKEN_ALGORITHM, issuer, audience, now });
  const { sub: userId, tid: tenantId, sid: sessionId, roles, exp } = claims;
  if (typeof tenantId !== 'string' || typeof sessionId !== 'string' || !Array.isArray(roles)) throw refused();
  if (tenantId === '' || sessionId === '') throw refused();
  // A role that this version does not know yet gives nothing here.
  const known = roles.filter(isRole);
  return { principal: { kind: 'person', userId, tenantId, roles: known, sessionId }, expiresAtMs: exp * 1_000 };
}
