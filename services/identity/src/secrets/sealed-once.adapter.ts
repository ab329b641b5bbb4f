import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import type { IdempotencyStore } from '@dailydoco/http';
import type { IdempotentCall, ReplayableAnswer } from '../idempotent-call.js';
import type { Sealer } from './sealer.js';

const ANSWER = 'idempotent answer';

/**
 * Answers of this service hold tokens and keys, and its requests passwords. Under an Idempotency-Key both are remembered
 * so that nobody who reads the database learns anything: the answer sealed, the request as a keyed digest.
 */
export class SealedOnce {
  readonly #parts: {
    readonly pool: Parameters<typeof inDatabaseTransaction>[0];
    readonly idempotency: IdempotencyStore;
    readonly sealer: Sealer;
  };

  constructor(parts: {
    readonly pool: Parameters<typeof inDatabaseTransaction>[0];
    readonly idempotency: IdempotencyStore;
    readonly sealer: Sealer;
  }) {
    this.#parts = parts;
  }

  async run<Body>(
    call: IdempotentCall,
    work: (tx: DatabaseTransaction) => Promise<{ status: number; body: Body }>,
  ): Promise<ReplayableAnswer<Body>> {
    const { pool, idempotency, sealer } = this.#parts;
    if (call.key === undefined)
      return inDatabaseTransaction(pool, async (tx) => ({ ...(await work(tx)), replayed: false }));
    const requestHash = sealer.digest(call.requestHash, 'request');
    const answer = await idempotency.run(pool, { ...call, requestHash }, async (tx) => {
      const { status, body } = await work(tx);
      return { status, body: { sealed: sealer.seal(JSON.stringify(body ?? null), ANSWER).toString('base64') } };
    });
    const body = JSON.parse(sealer.open(Buffer.from(answer.body.sealed, 'base64'), ANSWER).toString()) as Body;
    return { ...answer, body };
  }
}
