import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { repositoryRoot } from '@dailydoco/local';
import { type Cluster, ctr, loadImages } from './cluster.js';
import { extendImage } from './stand-in-image.js';

const ARCHIVES = join(repositoryRoot, 'infra', 'images', 'out');

/** The images that a rendered chart wants, each once. */
export function wantedImages(manifest: string): string[] {
  const found = [...manifest.matchAll(/^[\s-]*image:\s*["']?([^\s"']+)["']?\s*$/gm)].map((match) => match[1] ?? '');
  return [...new Set(found)].toSorted();
}

/** From `docker.io/apache/kafka:4.1.2@sha256:…` the last word of the repository: `kafka`. */
export function shortName(image: string): string {
  const withoutDigest = image.split('@')[0] ?? image;
  return (withoutDigest.split('/').at(-1) ?? '').split(':')[0] ?? '';
}

export interface LoadedImage {
  readonly image: string;
  /** What stands in for it, where it is not the image itself. */
  readonly standIn?: string;
}

/**
 * Puts every image that the chart wants into the cluster under the very name that the chart gives it: the project's own from
 * their archives, the stores' and Kong's as stand-ins made from Debian packages and this repository.
 */
export async function provideImages(cluster: Cluster, wanted: readonly string[], note: (text: string) => void) {
  const missing = wanted.filter((image) => !existsSync(archiveOf(image)));
  if (missing.length > 0)
    throw new Error(
      `No archive for ${missing.join(', ')}. Build them first: npm run build -w @dailydoco/images, then node infra/images/dist/build.js --air-gapped and --air-gapped --stores`,
    );
  const loaded: LoadedImage[] = [];
  for (const image of wanted) {
    note(image);
    const standIn = await provide(cluster, image);
    loaded.push(standIn === undefined ? { image } : { image, standIn });
  }
  return loaded;
}

function archiveOf(image: string): string {
  const name = shortName(image);
  return join(ARCHIVES, `${name === 'kong' ? 'gateway' : name}.oci.tar`);
}

async function provide(cluster: Cluster, image: string): Promise<string | undefined> {
  const { layout } = cluster;
  if (shortName(image) === 'kong') {
    const archive = join(layout.imagesDir, 'kong.tar');
    await extendImage(
      { base: archiveOf(image), name: image, files: standInFiles(), entrypoint: ['node', 'kong-stand-in.js'] },
      layout.imagesDir,
      archive,
    );
    await loadImages(layout, archive);
    rmSync(archive);
    return 'the gateway of infra/gateway';
  }
  const names = await loadImages(layout, archiveOf(image));
  const [name] = names;
  if (name === undefined) throw new Error(`${archiveOf(image)} holds no image`);
  if (name === image) return undefined;
  await ctr(layout, ['-n', 'k8s.io', 'images', 'tag', '--force', name, image]);
  return name;
}

/** The two modules of the stand-in, beside the gateway's own, where its dependencies are found. */
function standInFiles() {
  return ['kong-stand-in.js', 'kong-settings.js'].map((file) => ({
    path: `app/infra/gateway/${file}`,
    content: readFileSync(fileURLToPath(new URL(file, import.meta.url))),
    mode: 0o644,
  }));
}
