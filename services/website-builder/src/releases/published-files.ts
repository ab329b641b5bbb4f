import { DomainError } from '@dailydoco/errors';
import type { Slug } from '../ids.js';
import type { ReleasePlace, ReleaseStorage } from './release-storage.js';

/** A file of the manifest. */
export interface FileEntry extends ReleasePlace {
  readonly path: string;
  readonly sha256: Uint8Array;
  readonly mediaType: string;
}

export interface ManifestReads {
  /** The file of that path in the newest release of the site that has one. */
  findFile(slug: Slug, path: string): Promise<FileEntry | undefined>;
}

/** The files of published sites, as visitors ask for them. */
export class PublishedFiles {
  readonly #manifest: ManifestReads;
  readonly #storage: Pick<ReleaseStorage, 'read'>;

  constructor(manifest: ManifestReads, storage: Pick<ReleaseStorage, 'read'>) {
    this.#manifest = manifest;
    this.#storage = storage;
  }

  /**
   * The page is that of the current release. Hashed files of earlier releases stay, for pages that are open or cached.
   * Throws NOT_FOUND when no release of a site with that slug has the file.
   */
  async find(slug: Slug, path: string): Promise<FileEntry> {
    const entry = await this.#manifest.findFile(slug, path);
    if (entry === undefined) throw new DomainError('NOT_FOUND');
    return entry;
  }

  /** Throws UNAVAILABLE when the manifest names a file that the storage has not: a disk is missing or lost. */
  async read(entry: FileEntry): Promise<Uint8Array> {
    const bytes = await this.#storage.read(entry, entry.path);
    if (bytes !== undefined) return bytes;
    const cause = new Error(`the storage has no ${entry.path} of release ${entry.releaseId} of site ${entry.siteId}`);
    throw new DomainError('UNAVAILABLE', { detail: 'The site’s files cannot be read right now.', cause });
  }
}
