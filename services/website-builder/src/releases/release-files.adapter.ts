import { mkdir, open, opendir, readdir, readFile, rename, rm, stat, access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { asReleaseId, asSiteId, isUuid, type SiteId } from '../ids.js';
import type { ReleasePlace, ReleaseStorage, StoredPlace } from './release-storage.js';

/** How a folder is called as long as not all of its files are in it. */
const UNFINISHED = '.new-';
const PORTION = 200;
const PATH = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/** Releases in a folder: `<directory>/<site>/<release>/<file>`. Nothing in it is ever changed, only added or removed. */
export class ReleaseFiles implements ReleaseStorage {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws when the folder cannot be made or written to. */
  async check(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
    await access(this.#directory, constants.W_OK | constants.R_OK);
  }

  async write(place: ReleasePlace, files: readonly { path: string; bytes: Uint8Array }[]): Promise<void> {
    const siteFolder = join(this.#directory, place.siteId);
    const unfinished = join(siteFolder, `${UNFINISHED}${place.releaseId}`);
    await mkdir(unfinished, { recursive: true });
    for (const { path, bytes } of files) {
      if (!PATH.test(path)) throw new RangeError(`not a path of a release: ${path}`);
      await writeDurably(join(unfinished, path), bytes);
    }
    await syncFolder(unfinished);
    await rename(unfinished, join(siteFolder, place.releaseId));
    // A rename, and a folder that is new, are entries of the folder above.
    await syncFolder(siteFolder);
    await syncFolder(this.#directory);
  }

  async read({ siteId, releaseId }: ReleasePlace, path: string): Promise<Uint8Array | undefined> {
    // Only paths of a manifest come here; the check keeps it true whoever calls.
    if (!PATH.test(path)) return undefined;
    try {
      return await readFile(join(this.#directory, siteId, releaseId, path));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async *listOlderThan(before: Date): AsyncIterable<StoredPlace[]> {
    let portion: StoredPlace[] = [];
    for await (const { name } of await opendir(this.#directory)) {
      if (!isUuid(name)) continue;
      portion.push(...(await this.#placesOf(asSiteId(name), before)));
      if (portion.length < PORTION) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  }

  async remove({ siteId, name }: StoredPlace): Promise<void> {
    await rm(join(this.#directory, siteId, name), { recursive: true, force: true });
  }

  async #placesOf(siteId: SiteId, before: Date): Promise<StoredPlace[]> {
    const folder = join(this.#directory, siteId);
    const places: StoredPlace[] = [];
    for (const name of await readdir(folder)) {
      const releaseId = isUuid(name) ? asReleaseId(name) : undefined;
      if (releaseId === undefined && !name.startsWith(UNFINISHED)) continue;
      if (await isOlder(join(folder, name), before)) places.push({ siteId, releaseId, name });
    }
    return places;
  }
}

/** A folder that another replica swept away meanwhile is not older than anything. */
async function isOlder(path: string, before: Date): Promise<boolean> {
  try {
    return (await stat(path)).mtime < before;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  // wx: a file that is there already is an error, never a change.
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function isMissing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}
