import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { ApiKeyId, TenantId, UserId } from '../ids.js';
import { addApiKey, type ApiKey, type ApiKeyBook, revokeApiKey } from './api-key.js';

export interface ApiKeysParts {
  readonly once: OncePerKey<ApiKeyBook>;
  readonly withBook: <T>(work: (book: ApiKeyBook) => Promise<T>) => Promise<T>;
  readonly list: (of: { tenantId: TenantId; before: string | undefined; limit: number }) => Promise<ApiKey[]>;
  /** A new secret and its digest. */
  readonly newKey: () => { key: string; sha256: Uint8Array };
  /** Forgets what this process knows of a key. */
  readonly evict: (sha256: Uint8Array) => void;
  readonly clock: { now(): Date };
  readonly newId: () => ApiKeyId;
}

export class ApiKeys {
  readonly #parts: ApiKeysParts;

  constructor(parts: ApiKeysParts) {
    this.#parts = parts;
  }

  list(of: { tenantId: TenantId; before: string | undefined; limit: number }): Promise<ApiKey[]> {
    return this.#parts.list(of);
  }

  /** The secret is in the answer and nowhere else. */
  make<Body>(
    given: { tenantId: TenantId; name: string; scopes: readonly string[]; createdBy: UserId; actor: string },
    {
      call,
      answer,
    }: { call: IdempotentCall; answer: (made: ApiKey & { key: string }) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, newKey, newId, clock, evict } = this.#parts;
    const { actor, ...rest } = given;
    return once(call, async (book) => {
      const { key, sha256 } = newKey();
      const made = { ...rest, id: newId(), createdAt: clock.now() };
      await addApiKey(book, { key: made, sha256, actor });
      evict(sha256);
      return answer({ ...made, key });
    });
  }

  /** Throws NOT_FOUND. */
  async revoke(given: { tenantId: TenantId; id: ApiKeyId; actor: string }): Promise<void> {
    const { withBook, clock, evict } = this.#parts;
    evict(await withBook((book) => revokeApiKey(book, { ...given, now: clock.now() })));
  }
}
