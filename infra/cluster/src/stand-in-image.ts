import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ImageFile, tar } from './image-archive.js';
import { runToEnd } from './program.js';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Record<string, string>;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface ImageConfig {
  readonly config: Record<string, unknown>;
  readonly rootfs: { readonly type: string; readonly diff_ids: readonly string[] };
  readonly history?: readonly unknown[];
}

export interface Extension {
  /** Archive of the image that is extended, in the OCI layout. */
  readonly base: string;
  readonly name: string;
  readonly files: readonly ImageFile[];
  readonly entrypoint: readonly string[];
}

/** Writes the archive of an image that is another one with some files and an entry point of its own. */
export async function extendImage(extension: Extension, workDir: string, to: string): Promise<void> {
  const folder = mkdtempSync(join(workDir, 'extend-'));
  try {
    await runToEnd('tar', ['-xf', extension.base, '-C', folder]);
    const read = <T>(file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T;
    const blob = (digest: string) => join('blobs', 'sha256', digest.replace('sha256:', ''));
    const write = (content: Buffer) => {
      const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
      writeFileSync(join(folder, blob(digest)), content);
      return { digest, size: content.length };
    };
    const [first] = read<{ manifests: Descriptor[] }>('index.json').manifests;
    if (first === undefined) throw new Error(`${extension.base} holds no image`);
    const manifest = read<Manifest>(blob(first.digest));
    const config = read<ImageConfig>(blob(manifest.config.digest));
    const layer = write(tar(extension.files));
    const ownConfig = write(Buffer.from(JSON.stringify(extendedConfig(config, extension.entrypoint, layer.digest))));
    const ownManifest = write(
      Buffer.from(
        JSON.stringify({
          ...manifest,
          config: { ...manifest.config, ...ownConfig },
          layers: [...manifest.layers, { mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
        }),
      ),
    );
    const annotations = { 'org.opencontainers.image.ref.name': extension.name };
    const index = { schemaVersion: 2, manifests: [{ ...first, ...ownManifest, annotations }] };
    writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
    await runToEnd('tar', ['-cf', to, '-C', folder, '.']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The configuration of the extended image: one layer more, another entry point and no arguments. */
export function extendedConfig(config: ImageConfig, entrypoint: readonly string[], layerDigest: string): ImageConfig {
  const { Cmd: _, ...kept } = config.config;
  return {
    ...config,
    config: { ...kept, Entrypoint: entrypoint },
    rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, layerDigest] },
    history: [...(config.history ?? []), { created_by: 'dailydoco stand-in' }],
  };
}
