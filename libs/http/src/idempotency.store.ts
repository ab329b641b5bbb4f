import { type DatabaseTransaction, inDatabaseTransaction, prepared, type Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { JsonText } from './json.js';
import { type IdempotencyScope, type KeyClaim, keyClaim } from './idempotency-key.js';

/** What a request is answered with; `body` is anything JSON can say, or a JsonText. */
export interface Answer<Body = unknown> {
  status: number;
  body: Body;
}

export interface ReplayableAnswer<Body = unknown> extends Answer<Body> {
  /** true: nothing was done, this is the first answer again. */
  replayed: boolean;
}

/**
 * What became of a claim. `claimed`: do the work. `replay`: this is the first answer. `again`: this is the first answer's
 * status, and its body is to be made again. `reused`: another input was answered under this key. `sameAs`: an earlier
 * claim of the same call holds this key with the same input, so its outcome (index into the claims) is this one's too;
 * `clashesWith`: the same with another input.
 */
export type ClaimOutcome =
  | { kind: 'claimed' }
  | { kind: 'replay'; status: number; body: unknown }
  | { kind: 'again'; status: number }
  | { kind: 'reused' }
  | { kind: 'sameAs'; index: number }
  | { kind: 'clashesWith'; index: number };

type Pool = Parameters<typeof inDatabaseTransaction>[0];

interface HeldKey {
  key_hash: string;
  request_hash: string;
  status: number | null;
  body: string | null;
}

const CLAIM = prepared(
  `SELECT key_hash, request_hash, status, body
   FROM idempotency_claim($1::text[], $2::text[], $3::integer[], $4::smallint[])`,
);

/**
 * Bodies come as one text, a line each, which JSON without indentation is: an array of texts would have every quote of it
 * escaped, here and there.
 */
const ADD_ANSWERS = prepared(
  `INSERT INTO idempotency_answer (key_hash, status, body)
   SELECT decode(answer.key_hash, 'hex'), answer.status, answer.body
   FROM unnest($1::text[], $2::smallint[], string_to_array($3::text, E'\\n')) AS answer (key_hash, status, body)`,
);

const CLAIMED: ClaimOutcome = { kind: 'claimed' };
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Keeps the answers given under Idempotency-Keys in the service's own database (tables of httpMigrations), in the same
 * database transaction as the work: a crash in between leaves neither work nor key.
 */
export class IdempotencyStore {
  /**
   * Runs `work` at most once per key and returns its answer, or the first answer with `replayed: true`. Without a key
   * it simply runs. Only a 2xx answer binds the key; after an error or another status it is free again. A concurrent
   * twin waits up to 2 s for the first to finish. Throws IDEMPOTENCY_KEY_REUSED when the key was used with another
   * input, REQUEST_IN_PROGRESS when the twin takes longer, and whatever `work` throws.
   */
  run<Body>(
    pool: Pool,
    request: {
      key?: string | undefined;
      scope: IdempotencyScope;
      requestHash: Uint8Array;
      /** How long the answer is remembered; default 24. */
      ttlHours?: number | undefined;
    },
    work: (tx: DatabaseTransaction) => Promise<Answer<Body>>,
  ): Promise<ReplayableAnswer<Body>> {
    const { key } = request;
    if (key === undefined) {
      return inDatabaseTransaction(pool, async (tx) => ({ ...(await work(tx)), replayed: false }));
    }
    const claim = keyClaim({ ...request, key });
    return inDatabaseTransaction(pool, async (tx) => {
      const [outcome = CLAIMED] = await this.claimKeys(tx, [claim]);
      // What was stored under this key and input came from this same work, so it has its shape.
      if (outcome.kind === 'replay') return { status: outcome.status, body: outcome.body as Body, replayed: true };
      if (outcome.kind === 'again') throw new Error('Work that makes its answers again claims its keys itself');
      if (outcome.kind !== 'claimed') throw new DomainError('IDEMPOTENCY_KEY_REUSED');
      const answer = await work(tx);
      await this.saveAnswers(tx, [{ claim, ...answer }]);
      return { ...answer, replayed: false };
    });
  }

  /**
   * Claims the keys of a group for the open database transaction; call it before anything else there. The outcomes are
   * in the order of `claims`; where there is no key there is nothing to claim, and the outcome is `claimed`. Every key
   * claimed must get its answer by saveAnswers before the commit, unless it comes to what the claim told by
   * `madeAgainStatus`. Throws REQUEST_IN_PROGRESS when another database
   * transaction works on one of the keys for more than 2 s; the open one is lost then.
   */
  async claimKeys(tx: Sql, claims: ReadonlyArray<KeyClaim | undefined>): Promise<ClaimOutcome[]> {
    const firstIndexOf = new Map<string, number>();
    const asked: KeyClaim[] = [];
    claims.forEach((claim, index) => {
      if (claim === undefined || firstIndexOf.has(claim.keyHash)) return;
      firstIndexOf.set(claim.keyHash, index);
      asked.push(claim);
    });
    const heldBy = await askForKeys(tx, asked);
    return claims.map((claim, index) => {
      if (claim === undefined) return CLAIMED;
      const held = heldBy.get(claim.keyHash);
      if (held !== undefined) return outcomeOf(held, claim);
      const first = firstIndexOf.get(claim.keyHash) ?? index;
      if (first === index) return CLAIMED;
      return { kind: claims[first]?.requestHash === claim.requestHash ? 'sameAs' : 'clashesWith', index: first };
    });
  }

  /** Stores the 2xx answers of claimed keys and frees the keys of all others. Each claim may appear once. */
  async saveAnswers(tx: Sql, answers: ReadonlyArray<Answer & { claim: KeyClaim }>): Promise<void> {
    const bound = answers.filter(({ status }) => isSuccess(status));
    if (bound.length > 0) {
      await tx.query(ADD_ANSWERS, [
        bound.map(({ claim }) => claim.keyHash),
        bound.map(({ status }) => status),
        bound.map(({ body }) => lineOf(body)).join('\n'),
      ]);
    }
    if (bound.length === answers.length) return;
    const freed = answers.filter(({ status }) => !isSuccess(status)).map(({ claim }) => claim.keyHash);
    await tx.query(
      `DELETE FROM idempotency_key WHERE key_hash IN (SELECT decode(k, 'hex') FROM unnest($1::text[]) AS asked (k))`,
      [freed],
    );
  }

  /**
   * Deletes expired keys, oldest first, at most `batchSize` in one statement and `maxBatches` in a call, so that it
   * never holds many rows. Many replicas may purge at once. Returns how many keys were deleted.
   */
  async purgeExpired(sql: Sql, { batchSize = 1_000, maxBatches = 100 } = {}): Promise<number> {
    let purged = 0;
    for (let batch = 0; batch < maxBatches; batch += 1) {
      const { rows } = await sql.query<{ purged: number }>(
        `WITH expired AS (
           DELETE FROM idempotency_key WHERE key_hash IN (
             SELECT key_hash FROM idempotency_key WHERE expires_at <= now()
             ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED)
           RETURNING key_hash
         ), answers AS (
           DELETE FROM idempotency_answer WHERE key_hash IN (SELECT key_hash FROM expired)
         )
         SELECT count(*)::integer AS purged FROM expired`,
        [batchSize],
      );
      const inBatch = rows[0]?.purged ?? 0;
      purged += inBatch;
      if (inBatch < batchSize) break;
    }
    return purged;
  }
}

/** Claims what is free and returns what others hold, by key hash. */
async function askForKeys(tx: Sql, claims: readonly KeyClaim[]): Promise<Map<string, HeldKey>> {
  if (claims.length === 0) return new Map();
  try {
    const { rows } = await tx.query<HeldKey>(CLAIM, [
      claims.map(({ keyHash }) => keyHash),
      claims.map(({ requestHash }) => requestHash),
      claims.map(({ ttlHours }) => ttlHours),
      claims.map(({ madeAgainStatus }) => madeAgainStatus ?? null),
    ]);
    return new Map(rows.map((held) => [held.key_hash, held]));
  } catch (error) {
    throw isLockTimeout(error) ? inProgress(error) : error;
  }
}

function outcomeOf(held: HeldKey, claim: KeyClaim): ClaimOutcome {
  if (held.request_hash !== claim.requestHash) return { kind: 'reused' };
  // An answer is missing only when a writer committed its claim and forgot the answer: the work may have been done.
  if (held.status === null) throw inProgress(undefined);
  if (held.body === null) return { kind: 'again', status: held.status };
  return { kind: 'replay', status: held.status, body: JSON.parse(held.body) };
}

function lineOf(body: unknown): string {
  return body instanceof JsonText ? body.text : JSON.stringify(body ?? null);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function inProgress(cause: unknown): DomainError {
  return new DomainError('REQUEST_IN_PROGRESS', { retryAfterSeconds: 1, cause });
}

function isLockTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
}
