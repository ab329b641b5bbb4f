import { asWriteKeyId, type SiteId, type TenantId, type UserId, type WriteKeyId } from '../ids.js';
import { newWriteKey, SHA256_BYTES, type WriteKey } from './write-key.js';

/** A key about to be kept. */
export interface WriteKeyRecord extends WriteKey {
  readonly sha256: Uint8Array;
  /** The release whose widget carries the key; undefined for one that a person made. */
  readonly releaseVersion: number | undefined;
  readonly createdBy: UserId;
  readonly createdAt: Date;
}

export interface WriteKeyBook {
  add(record: WriteKeyRecord): Promise<void>;
  /** Undefined for a key that is unknown or revoked. */
  findBySha256(sha256: Uint8Array): Promise<WriteKey | undefined>;
}

export interface WriteKeysDependencies {
  readonly book: WriteKeyBook;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Keys by which events of a site are written, and nothing else. */
export class WriteKeys {
  readonly #dependencies: WriteKeysDependencies;

  constructor(dependencies: WriteKeysDependencies) {
    this.#dependencies = dependencies;
  }

  /** Makes a key for a site that exists. Its text is in the answer and nowhere else. */
  async make(site: {
    tenantId: TenantId;
    siteId: SiteId;
    createdBy: UserId;
  }): Promise<{ id: WriteKeyId; key: string }> {
    const { book, clock, newId, randomBytes } = this.#dependencies;
    const { key, sha256 } = newWriteKey(randomBytes);
    const id = asWriteKeyId(newId());
    await book.add({ ...site, id, sha256, releaseVersion: undefined, createdAt: clock.now() });
    return { id, key };
  }

  /** The key with this SHA-256; undefined when nobody has it, when it was revoked, or when it is no SHA-256 at all. */
  async resolve(sha256: Uint8Array): Promise<WriteKey | undefined> {
    if (sha256.length !== SHA256_BYTES) return undefined;
    return this.#dependencies.book.findBySha256(sha256);
  }
}
