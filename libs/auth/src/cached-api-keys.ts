import { DomainError } from '@dailydoco/errors';
import { counter } from '@dailydoco/telemetry';
import { LRUCache } from 'lru-cache';
import { wallClock } from './clock.js';
import type { Clock } from './clock.js';
import type { Scope } from './principal.js';

/** What identity says about a key. */
export interface ResolvedApiKey {
  readonly apiKeyId: string;
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
}

/** Where the Authenticator learns about keys. */
export interface ApiKeySource {
  /** Undefined for a key that nobody knows. Throws UNAVAILABLE when it cannot be told. */
  lookUp(sha256: Uint8Array): Promise<ResolvedApiKey | undefined>;
}

export interface CachedApiKeysOptions {
  /** Asks identity, with a deadline of its own; undefined for an unknown or revoked key. */
  readonly resolve: (sha256: Uint8Array) => Promise<ResolvedApiKey | undefined>;
  readonly knownMs?: number;
  readonly unknownMs?: number;
  /** How old a known key's answer may become while `resolve` fails. */
  readonly staleMs?: number;
  /** Most keys held, known and unknown each. */
  readonly max?: number;
  /** Most questions to identity at a time; past it OVERLOADED, so that a flood of made-up keys stops here. */
  readonly maxInFlight?: number;
  readonly clock?: Clock;
}

interface KnownKey {
  readonly resolved: ResolvedApiKey;
  readonly resolvedAtMs: number;
  /** While identity fails: not asked again before. */
  notBeforeMs: number;
}

const RETRY_AFTER_FAILURE_MS = 1_000;
const lookups = counter('dailydoco_auth_api_key_lookups_total');

/**
 * Answers of identity about API keys, kept by the key's SHA-256: a known key for 60 s, an unknown one for 5 s, a known
 * one up to 10 minutes while identity cannot be asked. One question at a time per key. A revoked key is dropped by
 * `evict` when its event arrives; an answer that was on its way at that moment is not kept.
 */
export class CachedApiKeys implements ApiKeySource {
  readonly #options: Required<CachedApiKeysOptions>;
  // Apart from each other, so that a flood of made-up keys cannot push real ones out.
  readonly #known: LRUCache<string, KnownKey>;
  readonly #unknownUntilMs: LRUCache<string, number>;
  readonly #inFlight = new Map<string, Promise<ResolvedApiKey | undefined>>();

  constructor(options: CachedApiKeysOptions) {
    this.#options = {
      knownMs: 60_000,
      unknownMs: 5_000,
      staleMs: 600_000,
      max: 10_000,
      maxInFlight: 200,
      clock: wallClock,
      ...options,
    };
    this.#known = new LRUCache({ max: this.#options.max });
    this.#unknownUntilMs = new LRUCache({ max: this.#options.max });
  }

  async lookUp(sha256: Uint8Array): Promise<ResolvedApiKey | undefined> {
    const id = idOf(sha256);
    const nowMs = this.#nowMs();
    const known = this.#known.get(id);
    if (known !== undefined && nowMs - known.resolvedAtMs < this.#options.knownMs) return served('hit', known.resolved);
    if (known !== undefined && this.#isUsableStale(known, nowMs) && nowMs < known.notBeforeMs) {
      return served('stale', known.resolved);
    }
    if ((this.#unknownUntilMs.get(id) ?? 0) > nowMs) return served('hit', undefined);
    try {
      return served('resolved', await this.#resolveOnce(id, sha256));
    } catch (error) {
      return this.#afterFailure(id, error);
    }
  }

  /** Forgets a key at once: its scopes changed or it was revoked. */
  evict(sha256: Uint8Array): void {
    const id = idOf(sha256);
    this.#known.delete(id);
    this.#unknownUntilMs.delete(id);
    this.#inFlight.delete(id);
  }

  #resolveOnce(id: string, sha256: Uint8Array): Promise<ResolvedApiKey | undefined> {
    const running = this.#inFlight.get(id);
    if (running !== undefined) return running;
    if (this.#inFlight.size >= this.#options.maxInFlight) return Promise.reject(new DomainError('OVERLOADED'));
    const started = this.#resolve(id, sha256, () => this.#inFlight.get(id) === started);
    this.#inFlight.set(id, started);
    return started;
  }

  /** `isCurrent` says whether the key was not evicted since the question was asked. */
  async #resolve(id: string, sha256: Uint8Array, isCurrent: () => boolean): Promise<ResolvedApiKey | undefined> {
    // Not before `started` exists: a resolver that answers at once would otherwise not be recognised as current.
    await Promise.resolve();
    try {
      const resolved = await this.#options.resolve(sha256);
      if (isCurrent()) this.#keep(id, resolved);
      return resolved;
    } finally {
      if (isCurrent()) this.#inFlight.delete(id);
    }
  }

  #keep(id: string, resolved: ResolvedApiKey | undefined): void {
    const nowMs = this.#nowMs();
    if (resolved === undefined) {
      this.#known.delete(id);
      this.#unknownUntilMs.set(id, nowMs + this.#options.unknownMs);
    } else {
      this.#unknownUntilMs.delete(id);
      this.#known.set(id, { resolved, resolvedAtMs: nowMs, notBeforeMs: 0 });
    }
  }

  #afterFailure(id: string, error: unknown): ResolvedApiKey {
    const nowMs = this.#nowMs();
    const known = this.#known.get(id);
    if (known !== undefined && this.#isUsableStale(known, nowMs)) {
      known.notBeforeMs = nowMs + RETRY_AFTER_FAILURE_MS;
      lookups.add(1, { outcome: 'stale' });
      return known.resolved;
    }
    lookups.add(1, { outcome: 'failed' });
    if (error instanceof DomainError && error.reason === 'OVERLOADED') throw error;
    throw new DomainError('UNAVAILABLE', { detail: 'API keys cannot be checked right now.', cause: error });
  }

  #isUsableStale(known: KnownKey, nowMs: number): boolean {
    return nowMs - known.resolvedAtMs < this.#options.staleMs;
  }

  #nowMs(): number {
    return this.#options.clock.now().getTime();
  }
}

function served(outcome: string, resolved: ResolvedApiKey | undefined): ResolvedApiKey | undefined {
  lookups.add(1, { outcome });
  return resolved;
}

function idOf(sha256: Uint8Array): string {
  return Buffer.from(sha256.buffer, sha256.byteOffset, sha256.byteLength).toString('base64');
}
