import type { ReleaseId, SiteId } from '../ids.js';
import type { ReleaseStorage } from './release-storage.js';

export interface KnownReleases {
  /** The ids of all releases of these sites. */
  releasesOf(siteIds: readonly SiteId[]): Promise<ReadonlySet<ReleaseId>>;
}

/**
 * Deletes what was written before the moment and belongs to no release: the rest of publishings that ended between
 * storing and committing. The moment must lie further back than any publishing takes. Returns how much was deleted.
 */
export async function sweepReleases(
  { storage, known }: { storage: Pick<ReleaseStorage, 'listOlderThan' | 'remove'>; known: KnownReleases },
  before: Date,
): Promise<number> {
  let removed = 0;
  for await (const places of storage.listOlderThan(before)) {
    const kept = await known.releasesOf([...new Set(places.map(({ siteId }) => siteId))]);
    for (const place of places) {
      if (place.releaseId !== undefined && kept.has(place.releaseId)) continue;
      await storage.remove(place);
      removed += 1;
    }
  }
  return removed;
}
