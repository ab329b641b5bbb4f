import { DomainError } from '@dailydoco/errors';
import type { UnattributedPurchase } from '../customers/unattributed-purchase.js';
import type { PurchaseId, TenantId } from '../ids.js';
import type { PurchaseRecord } from './purchase.js';

export interface PurchaseReads {
  byId(tenantId: TenantId, id: PurchaseId): Promise<PurchaseRecord | undefined>;
  byExternalId(tenantId: TenantId, externalId: string): Promise<PurchaseRecord | undefined>;
  /** What the client wanted to remember; undefined when there was nothing, or its buyer was erased. */
  metadataOf(purchase: PurchaseRecord): Promise<unknown>;
}

/** Purchases of customers who were nobody yet when they were told. */
export interface UnattributedReads {
  byId(tenantId: TenantId, id: PurchaseId): Promise<UnattributedPurchase | undefined>;
  byExternalId(tenantId: TenantId, externalId: string): Promise<UnattributedPurchase | undefined>;
  metadataOf(purchase: UnattributedPurchase): Promise<unknown>;
}

export type FoundPurchase =
  | { readonly kind: 'recorded'; readonly purchase: PurchaseRecord; readonly metadata: unknown }
  | { readonly kind: 'unattributed'; readonly purchase: UnattributedPurchase; readonly metadata: unknown };

/** Purchases as they stand now. All methods throw PURCHASE_UNKNOWN, also for another tenant's purchase. */
export class FindPurchase {
  readonly #reads: PurchaseReads;
  readonly #unattributed: UnattributedReads;

  constructor(reads: PurchaseReads, unattributed: UnattributedReads) {
    this.#reads = reads;
    this.#unattributed = unattributed;
  }

  async byId(tenantId: TenantId, id: PurchaseId): Promise<FoundPurchase> {
    return this.#found(await this.#reads.byId(tenantId, id), () => this.#unattributed.byId(tenantId, id));
  }

  async byExternalId(tenantId: TenantId, externalId: string): Promise<FoundPurchase> {
    const purchase = await this.#reads.byExternalId(tenantId, externalId);
    return this.#found(purchase, () => this.#unattributed.byExternalId(tenantId, externalId));
  }

  async #found(
    purchase: PurchaseRecord | undefined,
    findUnattributed: () => Promise<UnattributedPurchase | undefined>,
  ): Promise<FoundPurchase> {
    if (purchase !== undefined) {
      return { kind: 'recorded', purchase, metadata: await this.#reads.metadataOf(purchase) };
    }
    const waiting = await findUnattributed();
    if (waiting === undefined) throw new DomainError('PURCHASE_UNKNOWN');
    return { kind: 'unattributed', purchase: waiting, metadata: await this.#unattributed.metadataOf(waiting) };
  }
}
