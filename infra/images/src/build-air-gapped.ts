import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Progress } from '@dailydoco/local';
import { AirGappedBuilder, type MadeImage } from './air-gapped.js';
import { Buildah } from './buildah.js';
import { IMAGES } from './catalogue.js';
import { sourceDateEpoch } from './environment.js';
import { archiveFacts, fileDigest } from './oci-archive.js';
import { appVersion, cacheFolder, outFolder, workFolder } from './places.js';
import { BuildError } from './run.js';
import { makeStore, STORES } from './stores.js';
import type { Arguments } from './usage.js';

/** One line of out/manifest.json. */
export interface ManifestEntry {
  readonly name: string;
  readonly reference: string;
  readonly archive: string;
  /** Of the image's manifest: what `docker pull name@…` takes. */
  readonly digest: string;
  readonly archiveSha256: string;
  readonly archiveBytes: number;
  readonly unpackedBytes: number;
  readonly seconds: number;
}

/** Makes what was asked for and writes out/manifest.json about it; with `twice`, stops when a second build differs. */
export async function buildAirGapped(args: Arguments, repository: string, progress: Progress): Promise<void> {
  progress.say(await Buildah.require());
  const epochSeconds = sourceDateEpoch();
  const builder = new AirGappedBuilder({
    repository,
    workDir: workFolder(repository),
    cacheDir: cacheFolder(),
    outDir: outFolder(repository),
    registry: args.registry,
    version: appVersion(repository),
    epochSeconds,
  });
  await progress.step('the runtime: Debian packages and Node', () => builder.makeRuntime());
  const jobs = [
    ...IMAGES.map((image) => ({ name: image.name, make: () => builder.makeImage(image) })),
    ...STORES.map((store) => ({ name: store.name, make: () => makeStore(store, builder) })),
  ];
  for (const { name, make } of jobs.filter((job) => args.images.includes(job.name))) {
    const entry = await madeEntry(name, make, progress);
    if (args.twice) {
      const again = await madeEntry(name, make, progress);
      if (again.archiveSha256 !== entry.archiveSha256)
        throw new BuildError(
          `${name} is not reproducible: its archive was ${entry.archiveSha256} (image ${entry.digest}), then ${again.archiveSha256} (image ${again.digest})`,
        );
      progress.say(`  ${name}: the second build is the same, byte for byte`);
    }
    progress.say(
      `  ${entry.digest}, ${megabytes(entry.unpackedBytes)} unpacked, ${megabytes(entry.archiveBytes)} to carry`,
    );
    noteInManifest(entry, { version: builder.options.version, sourceDateEpoch: epochSeconds }, builder.options.outDir);
  }
}

/** After each image, so that a build that is broken off leaves a manifest of what is there. */
function noteInManifest(
  entry: ManifestEntry,
  head: { version: string; sourceDateEpoch: number },
  outDir: string,
): void {
  const file = join(outDir, 'manifest.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { images: ManifestEntry[] }).images : [];
  const kept = before.filter(({ name, archive }) => name !== entry.name && existsSync(join(outDir, archive)));
  const images = [...kept, entry].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...head, images }, null, 2)}\n`);
}

async function madeEntry(name: string, make: () => Promise<MadeImage>, progress: Progress): Promise<ManifestEntry> {
  const startedAt = performance.now();
  const { reference, file, unpackedBytes } = await progress.step(`image ${name}`, make);
  const seconds = Math.round((performance.now() - startedAt) / 1_000);
  const { digest } = await archiveFacts(file);
  const { sha256, bytes } = await fileDigest(file);
  return {
    name,
    reference,
    archive: `${name}.oci.tar`,
    digest,
    archiveSha256: sha256,
    archiveBytes: bytes,
    unpackedBytes,
    seconds,
  };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}
