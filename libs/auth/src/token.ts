import { DomainError } from '@dailydoco/errors';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { CryptoKey, JWTPayload, JWTVerifyOptions } from 'jose';

/** How far the clocks of two machines may be apart. */
const CLOCK_TOLERANCE_S = 5;
/** Longer ones are not ours, and hashing them would be the attacker's choice. */
export const MAX_TOKEN_CHARS = 4_096;

export interface TokenHeader {
  readonly alg: string | undefined;
  readonly kid: string | undefined;
}

export interface VerifyOptions {
  readonly algorithm: 'ES256' | 'HS256';
  readonly issuer: string;
  readonly audience: string;
  readonly now: Date;
}

/** The header of a token nobody has verified yet: good for choosing how to verify it, and for nothing else. */
export function unverifiedHeader(token: string): TokenHeader {
  try {
    const { alg, kid } = decodeProtectedHeader(token);
    return { alg, kid };
  } catch (error) {
    throw refused(error);
  }
}

/**
 * The claims of a token whose signature, issuer, audience and times hold. Throws TOKEN_EXPIRED for one that is right but
 * too old, UNAUTHENTICATED for every other fault, without saying which: that would only help who forges tokens.
 */
export async function verifyToken(
  token: string,
  key: CryptoKey | Uint8Array,
  { algorithm, issuer, audience, now }: VerifyOptions,
): Promise<JWTPayload & { readonly iat: number; readonly exp: number; readonly sub: string }> {
  const options: JWTVerifyOptions = {
    algorithms: [algorithm],
    issuer,
    audience,
    currentDate: now,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['sub', 'iat', 'exp'],
  };
  try {
    const { payload } = await jwtVerify(token, key, options);
    const { iat, exp, sub } = payload;
    if (iat === undefined || exp === undefined || sub === undefined || sub === '') throw new Error('claims missing');
    if (iat > now.getTime() / 1_000 + CLOCK_TOLERANCE_S) throw new Error('issued in the future');
    return { ...payload, iat, exp, sub };
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new DomainError('TOKEN_EXPIRED', { cause: error });
    throw refused(error);
  }
}

/** The one answer to a credential that does not hold. */
export function refused(cause?: unknown): DomainError {
  return new DomainError('UNAUTHENTICATED', { detail: 'The credentials are not valid.', cause });
}
