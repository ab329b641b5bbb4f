import { DomainError } from '@dailydoco/errors';
import type { PurchaseId, TenantId } from '../ids.js';
import type { PurchaseRecord } from './purchase.js';

export interface PurchaseReads {
  byId(tenantId: TenantId, id: PurchaseId): Promise<PurchaseRecord | undefined>;
  byExternalId(tenantId: TenantId, externalId: string): Promise<PurchaseRecord | undefined>;
  /** What the client wanted to remember; undefined when there was nothing, or its buyer was erased. */
  metadataOf(purchase: PurchaseRecord): Promise<unknown>;
}

export interface FoundPurchase {
  readonly purchase: PurchaseRecord;
  readonly metadata: unknown;
}

/** Purchases as they stand now. All methods throw PURCHASE_UNKNOWN, also for another tenant's purchase. */
export class FindPurchase {
  readonly #reads: PurchaseReads;

  constructor(reads: PurchaseReads) {
    this.#reads = reads;
  }

  async byId(tenantId: TenantId, id: PurchaseId): Promise<FoundPurchase> {
    return this.#found(await this.#reads.byId(tenantId, id));
  }

  async byExternalId(tenantId: TenantId, externalId: string): Promise<FoundPurchase> {
    return this.#found(await this.#reads.byExternalId(tenantId, externalId));
  }

  async #found(purchase: PurchaseRecord | undefined): Promise<FoundPurchase> {
    if (purchase === undefined) throw new DomainError('PURCHASE_UNKNOWN');
    return { purchase, metadata: await this.#reads.metadataOf(purchase) };
  }
}
