import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import { submitTaxRecord, type TaxRecordBook } from './submit-tax-record.js';
import type { TaxNumbers } from './tax-number.js';
import { type Declaration, type FormStatus, statusOf, type TaxRecord } from './tax-record.js';

/** A record and what it is worth now. */
export interface TaxRecordReport {
  readonly record: TaxRecord;
  readonly status: FormStatus;
}

interface Given {
  readonly find: (tenantId: TenantId, personId: UserId) => Promise<TaxRecord | undefined>;
  readonly inTransaction: <Result>(work: (book: TaxRecordBook) => Promise<Result>) => Promise<Result>;
  readonly numbers: TaxNumbers;
  readonly clock: { now(): Date };
}

/** What people declare for tax. */
export class TaxRecords {
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  /** Throws NOT_FOUND while nothing was declared. */
  async read(tenantId: TenantId, personId: UserId): Promise<TaxRecordReport> {
    const record = await this.#given.find(tenantId, personId);
    if (record === undefined) throw new DomainError('NOT_FOUND');
    return { record, status: statusOf(record, this.#given.clock.now()) };
  }

  /** Throws VALIDATION_FAILED. */
  async submit(given: { tenantId: TenantId; personId: UserId; declaration: Declaration }): Promise<TaxRecordReport> {
    const { inTransaction, numbers, clock } = this.#given;
    const now = clock.now();
    const record = await inTransaction((book) => submitTaxRecord(book, given, { numbers, now }));
    return { record, status: statusOf(record, now) };
  }
}
