import type { TenantId, UserId } from '../ids.js';
import type { TaxNumbers } from './tax-number.js';
import { checkedDeclaration, type Declaration, expiryOf, outlineOf, type TaxRecord } from './tax-record.js';

export interface TaxRecordBook {
  /** The last version, after which nobody else adds one until the end. */
  lock(tenantId: TenantId, personId: UserId): Promise<TaxRecord | undefined>;
  add(record: TaxRecord, declaration: Declaration): Promise<void>;
}

/** Takes what a person declares as the next version of their record. Throws VALIDATION_FAILED; then nothing is written. */
export async function submitTaxRecord(
  book: TaxRecordBook,
  given: { tenantId: TenantId; personId: UserId; declaration: Declaration },
  by: { numbers: TaxNumbers; now: Date },
): Promise<TaxRecord> {
  const { tenantId, personId } = given;
  const declaration = checkedDeclaration(given.declaration, by);
  const before = await book.lock(tenantId, personId);
  const record: TaxRecord = {
    tenantId,
    personId,
    version: (before?.version ?? 0) + 1,
    ...outlineOf(declaration),
    submittedAt: by.now,
    expiresAt: expiryOf(declaration.form, by.now),
  };
  await book.add(record, declaration);
  return record;
}
