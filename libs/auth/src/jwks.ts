import { DomainError } from '@dailydoco/errors';
import { counter } from '@dailydoco/telemetry';
import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { wallClock } from './clock.js';
import type { Clock } from './clock.js';

/** The algorithm of persons' tokens. Pinned here and never taken from a token. */
export const PERSON_TOKEN_ALGORITHM = 'ES256';

/** Where the public keys are that persons' tokens are signed under. */
export interface JwksSource {
  /** Undefined when no such key is published. Throws UNAVAILABLE when it cannot be told. */
  keyFor(kid: string): Promise<CryptoKey | undefined>;
}

export interface JwksFromUrlOptions {
  readonly url: string;
  /** How long a fetched set is good for. */
  readonly cacheMs?: number;
  /** How old a set may become while fetching fails. */
  readonly staleIfErrorMs?: number;
  /** Least time between two fetches that unknown key ids or failures cause. */
  readonly cooldownMs?: number;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
}

/** From this share of `cacheMs` on the set is fetched anew in the background, so that nobody waits for it. */
const REFRESH_AHEAD = 0.8;
const MAX_BYTES = 256 * 1024;
const MAX_KEYS = 64;

const fetches = counter('dailydoco_auth_jwks_fetches_total');

/**
 * Signing keys from a JWKS endpoint. They are fetched on first use and again before `cacheMs` is over; a key id not in
 * the set causes one more fetch, at most one per `cooldownMs`, so that rotation needs no restart and made-up key ids
 * cost nothing. While fetching fails the last set is used up to `staleIfErrorMs`.
 */
export function jwksFromUrl(options: JwksFromUrlOptions): JwksSource {
  return new RemoteJwks({
    cacheMs: 300_000,
    staleIfErrorMs: 86_400_000,
    cooldownMs: 5_000,
    timeoutMs: 3_000,
    clock: wallClock,
    ...options,
  });
}

class RemoteJwks implements JwksSource {
  readonly #options: Required<JwksFromUrlOptions>;
  #keys: ReadonlyMap<string, CryptoKey> | undefined;
  #fetchedAtMs = -Infinity;
  #triedAtMs = -Infinity;
  #failing = false;
  #inFlight: Promise<void> | undefined;

  constructor(options: Required<JwksFromUrlOptions>) {
    this.#options = options;
  }

  async keyFor(kid: string): Promise<CryptoKey | undefined> {
    await this.#freshen();
    const key = this.#usableKeys().get(kid);
    if (key !== undefined) return key;
    if (this.#inFlight !== undefined || !this.#isCoolingDown()) await this.#fetchOnce();
    const fetched = this.#usableKeys().get(kid);
    // A key published while its endpoint cannot be reached is not the same as a key that does not exist.
    if (fetched === undefined && this.#failing) throw cannotTell();
    return fetched;
  }

  async #freshen(): Promise<void> {
    const ageMs = this.#nowMs() - this.#fetchedAtMs;
    if (ageMs < this.#options.cacheMs * REFRESH_AHEAD) return;
    const mustWait = this.#keys === undefined || (ageMs >= this.#options.cacheMs && !this.#failing);
    if (this.#inFlight === undefined && (this.#failing || this.#keys !== undefined) && this.#isCoolingDown()) return;
    const fetching = this.#fetchOnce();
    if (mustWait) await fetching;
  }

  #usableKeys(): ReadonlyMap<string, CryptoKey> {
    const ageMs = this.#nowMs() - this.#fetchedAtMs;
    if (this.#keys !== undefined && ageMs < Math.max(this.#options.cacheMs, this.#options.staleIfErrorMs))
      return this.#keys;
    throw cannotTell();
  }

  #isCoolingDown(): boolean {
    // Without any keys nobody gets in: a service that started before identity tries again soon.
    const cooldownMs = this.#keys === undefined ? Math.min(this.#options.cooldownMs, 1_000) : this.#options.cooldownMs;
    return this.#nowMs() - this.#triedAtMs < cooldownMs;
  }

  /** Never rejects: whoever waits looks at the keys afterwards. */
  #fetchOnce(): Promise<void> {
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #fetch(): Promise<void> {
    this.#triedAtMs = this.#nowMs();
    try {
      this.#keys = await readKeys(this.#options.url, this.#options.timeoutMs);
      this.#fetchedAtMs = this.#nowMs();
      this.#failing = false;
      fetches.add(1, { outcome: 'ok' });
    } catch {
      this.#failing = true;
      fetches.add(1, { outcome: 'failed' });
    }
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }
}

function cannotTell(): DomainError {
  return new DomainError('UNAVAILABLE', { detail: 'Tokens cannot be checked right now.' });
}

async function readKeys(url: string, timeoutMs: number): Promise<ReadonlyMap<string, CryptoKey>> {
  const response = await fetch(url, {
    redirect: 'error',
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`JWKS endpoint answered ${response.status}`);
  const text = await response.text();
  if (text.length > MAX_BYTES) throw new Error('JWKS is too large');
  const keys = new Map<string, CryptoKey>();
  for (const jwk of signingKeysIn(JSON.parse(text))) {
    // One broken key must not take the others with it.
    const key = await importJWK(jwk, PERSON_TOKEN_ALGORITHM).catch(() => undefined);
    if (jwk.kid !== undefined && key !== undefined && !(key instanceof Uint8Array)) keys.set(jwk.kid, key);
  }
  // An empty set would turn every person away; whoever publishes one has made a mistake.
  if (keys.size === 0) throw new Error('JWKS holds no signing key');
  return keys;
}

/** The public ES256 keys of a set; keys of another kind are someone else's business. */
function signingKeysIn(set: unknown): JWK[] {
  if (typeof set !== 'object' || set === null || !('keys' in set) || !Array.isArray(set.keys)) {
    throw new Error('not a JWKS');
  }
  const candidates: unknown[] = set.keys;
  return candidates.slice(0, MAX_KEYS).flatMap((candidate) => {
    if (typeof candidate !== 'object' || candidate === null) return [];
    const { kty, crv, x, y, kid, use = 'sig', alg = PERSON_TOKEN_ALGORITHM }: Partial<JWK> = candidate;
    const fits = kty === 'EC' && crv === 'P-256' && use === 'sig' && alg === PERSON_TOKEN_ALGORITHM;
    // Only the public half is read, whatever else the set may hold.
    if (!fits || typeof x !== 'string' || typeof y !== 'string' || typeof kid !== 'string') return [];
    return [{ kty, crv, x, y, kid }];
  });
}
