import { DomainError } from '@dailydoco/errors';
import {
  type AdjustmentId,
  asAdjustmentId,
  asPayoutId,
  asPurchaseId,
  type JournalId,
  type PayoutId,
  type PurchaseId,
  type TenantId,
} from '../ids.js';
import type { ExportedJournal } from './export-ledger.js';
import type { Seal } from './seal.js';

/** A journal with what others did to it later. */
export interface LinkedJournal extends ExportedJournal {
  readonly reversedBy: JournalId | undefined;
  readonly correctedBy: readonly JournalId[];
  /** Undefined for the seconds until it is sealed. */
  readonly seal: Pick<Seal, 'number' | 'hash'> | undefined;
}

export const JOURNAL_FACTS = ['purchaseId', 'payoutId', 'adjustmentId'] as const;

/** What journals are there for: everything that one purchase, payout or adjustment ever booked. */
export type JournalFact =
  | { readonly kind: 'purchaseId'; readonly id: PurchaseId }
  | { readonly kind: 'payoutId'; readonly id: PayoutId }
  | { readonly kind: 'adjustmentId'; readonly id: AdjustmentId };

export function factOf(kind: (typeof JOURNAL_FACTS)[number], id: string): JournalFact {
  switch (kind) {
    case 'purchaseId':
      return { kind, id: asPurchaseId(id) };
    case 'payoutId':
      return { kind, id: asPayoutId(id) };
    case 'adjustmentId':
      return { kind, id: asAdjustmentId(id) };
  }
}

export interface CausedQuery {
  readonly tenantId: TenantId;
  readonly fact: JournalFact;
  /** Goes on behind this journal. */
  readonly after: JournalId | undefined;
  readonly limit: number;
}

export interface JournalReads {
  find(tenantId: TenantId, id: JournalId): Promise<LinkedJournal | undefined>;
  /** In the order of what happened: a purchase's by its sequence, others as they were recorded. */
  causedBy(query: CausedQuery): Promise<ExportedJournal[]>;
}

/** One journal, explained, or those of one fact. */
export class FindJournal {
  readonly #reads: JournalReads;

  constructor(reads: JournalReads) {
    this.#reads = reads;
  }

  /** Throws NOT_FOUND. */
  async find(tenantId: TenantId, id: JournalId): Promise<LinkedJournal> {
    const journal = await this.#reads.find(tenantId, id);
    if (journal === undefined) throw new DomainError('NOT_FOUND');
    return journal;
  }

  /** Which journals a fact made, in the order of what happened; none for one that moved no money or that nobody knows. */
  causedBy(query: CausedQuery): Promise<ExportedJournal[]> {
    return this.#reads.causedBy(query);
  }
}
