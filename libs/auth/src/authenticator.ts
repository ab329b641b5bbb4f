import { hash } from 'node:crypto';
import { DomainError } from '@dailydoco/errors';
import { counter } from '@dailydoco/telemetry';
import { LRUCache } from 'lru-cache';
import { authorize } from './access.js';
import type { Access } from './access.js';
import { API_KEY_PREFIX, apiKeySha256, isApiKey } from './api-key.js';
import type { ApiKeySource } from './cached-api-keys.js';
import { wallClock } from './clock.js';
import type { Clock } from './clock.js';
import { PERSON_TOKEN_ALGORITHM } from './jwks.js';
import type { JwksSource } from './jwks.js';
import { verifyPersonToken } from './person-token.js';
import type { Verified } from './person-token.js';
import type { Principal } from './principal.js';
import type { RevocationCheck } from './revocations.js';
import {
  SERVICE_TOKEN_ALGORITHM,
  SERVICE_TOKEN_AUDIENCE,
  serviceSecretBytes,
  verifyServiceToken,
} from './service-token.js';
import { MAX_TOKEN_CHARS, refused, unverifiedHeader } from './token.js';

export interface AuthenticatorOptions {
  readonly jwks: JwksSource;
  /** `iss` and `aud` that a person's token must name. */
  readonly issuer: string;
  readonly audience: string;
  readonly apiKeys: ApiKeySource;
  /** The services' shared secret, 32 bytes or more. */
  readonly serviceSecret: string;
  readonly revocations: RevocationCheck;
  readonly clock?: Clock;
  /** Most verified tokens remembered. */
  readonly maxVerified?: number;
}

// A remembered token is verified again after this time, so that a key taken out of the JWKS takes its tokens along.
const VERIFIED_FOR_MS = 60_000;
const BEARER = /^Bearer +([^\s]+) *$/i;

interface Remembered {
  readonly principal: Principal;
  readonly verifyAgainAtMs: number;
}

const checks = counter('dailydoco_auth_token_checks_total');

/**
 * Tells from an Authorization header who is calling. `dd_…` is an API key; a JWT signed ES256 is a person and is checked
 * against the JWKS; one signed HS256 is a service and is checked against the services' secret; the two ways never mix.
 * Verified tokens are remembered by their hash for a minute, never past their end, so that the usual request costs a
 * hash; whether the caller was revoked is asked every time.
 */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #clock: Clock;
  readonly #serviceSecret: Uint8Array;
  readonly #verified: LRUCache<string, Remembered>;

  constructor(options: AuthenticatorOptions) {
    if (options.audience === SERVICE_TOKEN_AUDIENCE) throw new RangeError('audience is reserved for services');
    this.#options = options;
    this.#clock = options.clock ?? wallClock;
    this.#serviceSecret = serviceSecretBytes(options.serviceSecret);
    this.#verified = new LRUCache({ max: options.maxVerified ?? 20_000 });
  }

  /**
   * The caller, or undefined without a header. Throws UNAUTHENTICATED for credentials that do not hold, TOKEN_EXPIRED,
   * ACCOUNT_SUSPENDED for a suspended person, UNAVAILABLE when it cannot be told right now.
   */
  async authenticate(authorizationHeader: string | undefined): Promise<Principal | undefined> {
    if (authorizationHeader === undefined || authorizationHeader === '') return undefined;
    try {
      const principal = await this.#principalOf(authorizationHeader);
      this.#refuseRevoked(principal);
      checks.add(1, { kind: principal.kind, outcome: 'accepted' });
      return principal;
    } catch (error) {
      checks.add(1, { kind: 'other', outcome: 'refused' });
      throw error;
    }
  }

  /**
   * Authenticates and authorizes in one step: what an edge calls before it reads anything else of a request. Where
   * anyone may enter, credentials that do not hold are ignored: an expired token beside a refresh must not stop it.
   */
  async admit(authorizationHeader: string | undefined, access: Access): Promise<Principal | undefined> {
    if (access.anyone === true) return this.authenticate(authorizationHeader).catch(() => undefined);
    const principal = await this.authenticate(authorizationHeader);
    authorize(principal, access);
    return principal;
  }

  async #principalOf(header: string): Promise<Principal> {
    const token = BEARER.exec(header)?.[1];
    if (token === undefined || token.length > MAX_TOKEN_CHARS) throw refused();
    return token.startsWith(API_KEY_PREFIX) ? this.#apiKeyHolder(token) : this.#tokenBearer(token);
  }

  async #apiKeyHolder(key: string): Promise<Principal> {
    if (!isApiKey(key)) throw refused();
    const resolved = await this.#options.apiKeys.lookUp(apiKeySha256(key));
    if (resolved === undefined) throw refused();
    const { apiKeyId, tenantId, scopes } = resolved;
    return { kind: 'apiKey', apiKeyId, tenantId, scopes };
  }

  async #tokenBearer(token: string): Promise<Principal> {
    const id = hash('sha256', token, 'base64');
    const now = this.#clock.now();
    const remembered = this.#verified.get(id);
    if (remembered !== undefined && now.getTime() < remembered.verifyAgainAtMs) return remembered.principal;
    const { principal, expiresAtMs } = await this.#verify(token, now);
    const verifyAgainAtMs = Math.min(expiresAtMs, now.getTime() + VERIFIED_FOR_MS);
    this.#verified.set(id, { principal, verifyAgainAtMs });
    return principal;
  }

  async #verify(token: string, now: Date): Promise<Verified<Principal>> {
    const { alg } = unverifiedHeader(token);
    if (alg === PERSON_TOKEN_ALGORITHM) return verifyPersonToken(token, this.#options, now);
    if (alg === SERVICE_TOKEN_ALGORITHM) return verifyServiceToken(token, this.#serviceSecret, now);
    throw refused();
  }

  #refuseRevoked(principal: Principal): void {
    const revoked = this.#options.revocations.revocationOf(principal);
    if (revoked === undefined) return;
    throw revoked === 'user' ? new DomainError('ACCOUNT_SUSPENDED') : refused();
  }
}
