import { createHash } from 'node:crypto';
import { DomainError } from '@dailydoco/errors';
import type { PayoutBatchId, TenantId, UserId } from '../ids.js';
import type { Destinations } from '../methods/destinations.js';
import type { Rail, RailKind } from '../rails/rail.js';
import type { PayoutBatch } from './batch-payouts.js';
import type { Payout } from './payout.js';
import { paymentOf } from './submit-payouts.js';

export interface BatchReads {
  findBatch(tenantId: TenantId, id: PayoutBatchId): Promise<PayoutBatch | undefined>;
  /** Newest first, below the id `before`. */
  listBatches(query: { tenantId: TenantId; before: PayoutBatchId | undefined; limit: number }): Promise<PayoutBatch[]>;
  /** Ascending by id: the order of the file. */
  payoutsOf(tenantId: TenantId, id: PayoutBatchId): Promise<Payout[]>;
  /** Whether finance has stopped all payouts of the tenant. */
  isStopped(tenantId: TenantId): Promise<boolean>;
  /** Keeps what the file is, the first time only; returns what is kept. */
  keepFile(batch: PayoutBatch, file: NonNullable<PayoutBatch['file']>): Promise<PayoutBatch>;
  /** The first time only; returns what is kept. */
  markSent(batch: PayoutBatch, sent: NonNullable<PayoutBatch['sent']>): Promise<PayoutBatch>;
}

export interface BatchesGiven {
  readonly store: BatchReads;
  readonly rails: ReadonlyMap<RailKind, Rail>;
  readonly destinations: Destinations;
  readonly clock: { now(): Date };
}

export interface BatchFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The files in which payouts leave, for finance. */
export class Batches {
  readonly #given: BatchesGiven;

  constructor(given: BatchesGiven) {
    this.#given = given;
  }

  list(query: Parameters<BatchReads['listBatches']>[0]): Promise<PayoutBatch[]> {
    return this.#given.store.listBatches(query);
  }

  /** Throws NOT_FOUND. */
  async find(tenantId: TenantId, id: PayoutBatchId): Promise<PayoutBatch> {
    const batch = await this.#given.store.findBatch(tenantId, id);
    if (batch === undefined) throw new DomainError('NOT_FOUND');
    return batch;
  }

  /**
   * The batch's file, made anew each time and always the same bytes: their hash is kept from the first time. Throws
   * NOT_FOUND, PAYOUTS_STOPPED for a file that the bank does not have yet, and CONFLICT when the file could not be made as
   * it was, since a bank that takes both would pay twice.
   */
  async file(tenantId: TenantId, id: PayoutBatchId): Promise<BatchFile> {
    const { store, rails, destinations, clock } = this.#given;
    const batch = await this.find(tenantId, id);
    const rail = rails.get(batch.rail);
    if (batch.sent === undefined && (await store.isStopped(tenantId))) throw new DomainError('PAYOUTS_STOPPED');
    if (rail?.mode !== 'file') throw new DomainError('CONFLICT', { detail: 'This rail makes no files here.' });
    const payouts = await store.payoutsOf(tenantId, id);
    const open = await destinations.open(payouts);
    const payments = payouts.map((payout) => {
      const destination = open.get(payout.methodId);
      if (destination === undefined) {
        throw new DomainError('CONFLICT', { detail: `The method of payout ${payout.id} can no longer be opened.` });
      }
      return paymentOf(payout, destination.destination);
    });
    const { currency, createdAt } = batch;
    const file = rail.makeFile({ id, tenantId, currency, createdAt, payments });
    const sha256 = createHash('sha256').update(file.bytes).digest();
    const kept = await store.keepFile(batch, { name: file.name, sha256, madeAt: clock.now() });
    if (kept.file === undefined || !sha256.equals(kept.file.sha256)) {
      throw new DomainError('CONFLICT', { detail: 'The file would not be the same as before.' });
    }
    return file;
  }

  /** The bank has the file. Throws NOT_FOUND, and CONFLICT when it was never made; twice is as good as once. */
  async markSent(tenantId: TenantId, id: PayoutBatchId, by: UserId): Promise<PayoutBatch> {
    const batch = await this.find(tenantId, id);
    if (batch.file === undefined) throw new DomainError('CONFLICT', { detail: 'The file was never made.' });
    return this.#given.store.markSent(batch, { at: this.#given.clock.now(), by });
  }
}
