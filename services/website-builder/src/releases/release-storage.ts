import type { ReleaseId, SiteId } from '../ids.js';

/** Where a release's bytes lie. */
export interface ReleasePlace {
  readonly siteId: SiteId;
  readonly releaseId: ReleaseId;
}

/** Keeps the bytes of releases: this installation's disk today, an object store for those who want one. */
export interface ReleaseStorage {
  /** When it resolves, all files are there for good; when the process dies before, none is seen at this place. */
  write(place: ReleasePlace, files: readonly { path: string; bytes: Uint8Array }[]): Promise<void>;
  /** Undefined when there is no such file. */
  read(place: ReleasePlace, path: string): Promise<Uint8Array | undefined>;
  /** Places written before the moment, whether whole or not, in portions. */
  listOlderThan(before: Date): AsyncIterable<StoredPlace[]>;
  remove(place: StoredPlace): Promise<void>;
}

/** Something found in the storage. */
export interface StoredPlace {
  readonly siteId: SiteId;
  /** Undefined for what a crash left half-written: it belongs to no release. */
  readonly releaseId: ReleaseId | undefined;
  /** The storage's own name for it. */
  readonly name: string;
}
