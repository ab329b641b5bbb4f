import type { TenantId } from '../ids.js';
import type { ListEntry, ListKind } from './sanctions-list.js';

/** A list as it is uploaded, its entries read. */
export interface ListUpload {
  readonly tenantId: TenantId;
  /** A slug that names the list from version to version: `ofac_sdn`. */
  readonly list: string;
  readonly kind: ListKind;
  readonly entries: readonly ListEntry[];
  /** SHA-256 of the file, in hexadecimal. */
  readonly fileDigest: string;
  readonly reason: string;
  readonly uploadedBy: string;
}

export interface ListVersion extends Omit<ListUpload, 'entries'> {
  readonly version: number;
  readonly entries: number;
  readonly uploadedAt: Date;
}

export interface ListBook {
  /** The last version of a list, which nobody else changes until the end. */
  lock(tenantId: TenantId, list: string): Promise<ListVersion | undefined>;
  /** Adds the version with its entries, and deletes the entries of those before. */
  add(version: ListVersion, entries: readonly ListEntry[]): Promise<void>;
}

/**
 * Puts a list in force in place of its version before; without entries, out of force. The very file that is in force
 * already changes nothing.
 */
export async function putList(book: ListBook, upload: ListUpload, uploadedAt: Date): Promise<ListVersion> {
  const { entries, ...facts } = upload;
  const before = await book.lock(upload.tenantId, upload.list);
  const isSame = before?.fileDigest === facts.fileDigest && before.kind === facts.kind;
  if (isSame && before.entries === entries.length) return before;
  const version = { ...facts, entries: entries.length, version: (before?.version ?? 0) + 1, uploadedAt };
  await book.add(version, entries);
  return version;
}
