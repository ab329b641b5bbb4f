import { DomainError } from '@dailydoco/errors';
import type { JournalId, TenantId } from '../ids.js';
import type { ExportedJournal } from './export-ledger.js';
import type { Seal } from './seal.js';

/** A journal with what others did to it later. */
export interface LinkedJournal extends ExportedJournal {
  readonly reversedBy: JournalId | undefined;
  readonly correctedBy: readonly JournalId[];
  /** Undefined for the seconds until it is sealed. */
  readonly seal: Pick<Seal, 'number' | 'hash'> | undefined;
}

export interface JournalReads {
  find(tenantId: TenantId, id: JournalId): Promise<LinkedJournal | undefined>;
}

/** One journal, explained. */
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
}
