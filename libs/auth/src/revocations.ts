import type { Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { observe } from '@dailydoco/telemetry';
import type { Principal } from './principal.js';
import { pruneRevocations, readAllRevocations, readChangedRevocations, saveRevocation } from './revocation.store.js';
import type { RevocationRow, RevocationSubject, RevocationSubjectKind } from './revocation.store.js';

/** What the Authenticator asks each time. */
export interface RevocationCheck {
  /** What of the caller was revoked; undefined when nothing was. Throws UNAVAILABLE when it cannot be told. */
  revocationOf(principal: Principal): RevocationSubjectKind | undefined;
}

/** The loop's sign of life, as the lifecycle library gives it out. */
export interface LoopHeartbeat {
  beat(): void;
  stop(): void;
}

export interface RevocationsOptions {
  /** The service's own database, as its app role. */
  readonly pool: Sql;
  readonly pollMs?: number;
  /** Longest life of an access token; what was revoked longer ago than that, and some slack, has no token left. */
  readonly tokenLifetimeMs?: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicMs?: () => number;
}

// A row is stamped when it is written and seen when its database transaction commits. Looking back this far finds those
// that were long in between; a reading of everything each minute finds any that took even longer, and drops from memory
// what is too old to matter.
const OVERLAP_MS = 30_000;
const RELOAD_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;
const SLACK_MS = 60_000;
// Longer than any event may be late: a forgotten "lifted" would let a late "suspended" win.
const FORGET_AFTER_MS = 60 * 86_400_000;

/**
 * Who may no longer enter although the credential still holds. The facts are written to the service's own database by
 * the consumer of identity's events, and a copy in memory is brought up to date every two seconds, so that a check is
 * two look-ups in a set and a revocation is felt within seconds on every replica. While the database cannot be reached
 * the last copy counts.
 */
export class Revocations implements RevocationCheck {
  readonly #sql: Sql;
  readonly #pollMs: number;
  readonly #keepMs: number;
  readonly #monotonicMs: () => number;

  #revoked: Record<RevocationSubjectKind, Set<string>> = emptyCopy();
  #refreshedAtMs: number | undefined;
  #reloadedAtMs = -Infinity;
  #prunedAtMs: number;
  #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #unobserve: (() => void)[] = [];

  constructor({ pool, pollMs = 2_000, tokenLifetimeMs = 900_000, monotonicMs }: RevocationsOptions) {
    this.#sql = pool;
    this.#pollMs = pollMs;
    this.#keepMs = tokenLifetimeMs + SLACK_MS;
    this.#monotonicMs = monotonicMs ?? (() => performance.now());
    this.#prunedAtMs = this.#monotonicMs();
  }

  isRevoked(principal: Principal): boolean {
    return this.revocationOf(principal) !== undefined;
  }

  revocationOf(principal: Principal): RevocationSubjectKind | undefined {
    // Nobody is let in on a guess: before the first reading it is not known who is suspended.
    if (this.#refreshedAtMs === undefined) {
      throw new DomainError('UNAVAILABLE', { detail: 'Revocations are not loaded yet.' });
    }
    const { user, session, apiKey } = this.#revoked;
    switch (principal.kind) {
      case 'person':
        if (user.has(principal.userId)) return 'user';
        return session.has(principal.sessionId) ? 'session' : undefined;
      case 'apiKey':
        return apiKey.has(principal.apiKeyId) ? 'apiKey' : undefined;
      case 'service':
        return undefined;
    }
  }

  /** Takes access away as of `revokedAt`; the same fact twice, or after a later `lift`, changes nothing. */
  async record(sql: Sql, { revokedAt, ...subject }: RevocationSubject & { readonly revokedAt: Date }): Promise<void> {
    await saveRevocation(sql, { ...subject, revokedAt });
  }

  /** Gives access back as of `liftedAt`, unless it was taken away again later. */
  async lift(sql: Sql, { liftedAt, ...subject }: RevocationSubject & { readonly liftedAt: Date }): Promise<void> {
    await saveRevocation(sql, { ...subject, liftedAt });
  }

  /** Whether the copy has been read at least once; a service is not ready before. */
  get loaded(): boolean {
    return this.#refreshedAtMs !== undefined;
  }

  /**
   * Begins to follow the table. Resolves once it has been read for the first time, however long the database takes to
   * appear; the heartbeat beats with every attempt, because an absent database is no reason to be restarted.
   */
  async start(heartbeat?: LoopHeartbeat): Promise<void> {
    if (this.#loop !== undefined) throw new Error('Revocations were started twice');
    this.#stopping = new AbortController();
    this.#unobserve = [
      observe('dailydoco_auth_revocation_entries', () => this.#size()),
      observe('dailydoco_auth_revocation_staleness_seconds', () => this.#staleForSeconds()),
    ];
    await new Promise<void>((loaded) => {
      this.#loop = this.#follow(heartbeat, loaded).finally(loaded);
    });
  }

  /** Ends after the reading under way; what is known stays known. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    this.#loop = undefined;
    for (const unobserve of this.#unobserve.splice(0)) unobserve();
  }

  async #follow(heartbeat: LoopHeartbeat | undefined, loaded: () => void): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      heartbeat?.beat();
      try {
        await this.#refresh();
        loaded();
      } catch {
        // The gauge of staleness tells; the next attempt is the cure.
      }
      await pause(this.#pollMs, this.#stopping.signal);
    }
    heartbeat?.stop();
  }

  async #refresh(): Promise<void> {
    const startedAtMs = this.#monotonicMs();
    if (this.#refreshedAtMs === undefined || startedAtMs - this.#reloadedAtMs >= RELOAD_MS) {
      const rows = await readAllRevocations(this.#sql, this.#keepMs);
      this.#revoked = emptyCopy();
      this.#apply(rows);
      this.#reloadedAtMs = startedAtMs;
    } else {
      this.#apply(await readChangedRevocations(this.#sql, startedAtMs - this.#refreshedAtMs + OVERLAP_MS));
    }
    this.#refreshedAtMs = startedAtMs;
    await this.#pruneIfDue(startedAtMs);
  }

  #apply(rows: readonly RevocationRow[]): void {
    for (const { subjectKind, subjectId, revoked } of rows) {
      if (revoked) this.#revoked[subjectKind].add(subjectId);
      else this.#revoked[subjectKind].delete(subjectId);
    }
  }

  async #pruneIfDue(nowMs: number): Promise<void> {
    if (nowMs - this.#prunedAtMs < PRUNE_EVERY_MS) return;
    this.#prunedAtMs = nowMs;
    await pruneRevocations(this.#sql, FORGET_AFTER_MS);
  }

  #size(): number {
    const { user, session, apiKey } = this.#revoked;
    return user.size + session.size + apiKey.size;
  }

  #staleForSeconds(): number {
    return this.#refreshedAtMs === undefined ? 0 : (this.#monotonicMs() - this.#refreshedAtMs) / 1_000;
  }
}

function emptyCopy(): Record<RevocationSubjectKind, Set<string>> {
  return { user: new Set(), session: new Set(), apiKey: new Set() };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}
