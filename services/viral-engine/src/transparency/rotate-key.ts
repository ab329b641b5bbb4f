import { type Edge, rootOf, type Signer, signCheckpoint } from '@dailydoco/transparency';
import type { IdempotentCall, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId } from '../ids.js';
import type { Log, LogKey, StoredCheckpoint } from './log.js';

/** One log in an open database transaction, in which nobody else writes it. */
export interface KeyBook {
  readonly log: Log;
  readEdge(): Promise<Edge>;
  /** The key that signs now. */
  signer(): Promise<{ version: number; signer: Signer }>;
  /** Makes a key that signs from now on. */
  addKey(key: { version: number; createdBy: string; createdAt: Date }): Promise<Signer>;
  addCheckpoint(checkpoint: StoredCheckpoint): Promise<void>;
}

export interface RotateKeyDependencies {
  /** One database transaction with the tenant's log, once per Idempotency-Key. NOT_FOUND without a log. */
  readonly once: <Body>(
    call: IdempotentCall,
    given: {
      tenantId: TenantId;
      work: (book: KeyBook) => Promise<{ status: number; body: Body }>;
    },
  ) => Promise<ReplayableAnswer<Body>>;
  readonly clock: { now(): Date };
}

export type NewKey = Pick<LogKey, 'version' | 'vkey'>;

/** Changes the key of a log. */
export class RotateKey {
  readonly #dependencies: RotateKeyDependencies;

  constructor(dependencies: RotateKeyDependencies) {
    this.#dependencies = dependencies;
  }

  rotate<Body>(
    order: { tenantId: TenantId; createdBy: string },
    by: { call: IdempotentCall; answer: (made: NewKey) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#dependencies;
    return once(by.call, {
      tenantId: order.tenantId,
      work: async (book) => by.answer(await rotateKey(book, { createdBy: order.createdBy, now: clock.now() })),
    });
  }
}

/**
 * Makes a new key, which signs from now on. The tree as it stands is signed by both, so that whoever trusts the former
 * key can come to trust the new one.
 */
export async function rotateKey(book: KeyBook, { createdBy, now }: { createdBy: string; now: Date }): Promise<NewKey> {
  const former = await book.signer();
  const version = former.version + 1;
  const signer = await book.addKey({ version, createdBy, createdAt: now });
  const { origin, size } = book.log;
  const root = rootOf({ size, edge: await book.readEdge() });
  const note = signCheckpoint({ origin, size, root }, [signer, former.signer]);
  await book.addCheckpoint({ size, root, keyVersion: version, note, signedAt: now });
  return { version, vkey: signer.vkey };
}
