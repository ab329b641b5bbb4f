import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { run } from './run.js';

/** What a person wants to know of one archive. */
export interface ArchiveFacts {
  /** Digest of the image's manifest: what a registry will call it. */
  readonly digest: string;
  readonly layers: readonly string[];
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** Reads an OCI archive's manifest. */
export async function archiveFacts(file: string): Promise<ArchiveFacts> {
  if (!existsSync(file)) throw new Error(`${file} does not exist`);
  const index = await readBlob<{ manifests: Descriptor[] }>(file, 'index.json');
  const digest = index.manifests[0]?.digest;
  if (digest === undefined) throw new Error(`${file} holds no image`);
  const { layers } = await readBlob<{ layers: Descriptor[] }>(file, blobPath(digest));
  return { digest, layers: layers.map((layer) => layer.digest) };
}

/** The SHA-256 of a file and its size. */
export async function fileDigest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return { sha256: hash.digest('hex'), bytes: statSync(file).size };
}

/** What an image says about its process. */
export interface ImageSettings {
  readonly user: string;
  readonly workingDir: string;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

interface OciConfig {
  readonly config: {
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
  };
}

/** Reads what an archive says about the process it starts. */
export async function readSettings(file: string): Promise<ImageSettings> {
  const index = await readBlob<{ manifests: Descriptor[] }>(file, 'index.json');
  const manifest = await readBlob<{ config: Descriptor }>(file, blobPath(index.manifests[0]?.digest ?? ''));
  const { config } = await readBlob<OciConfig>(file, blobPath(manifest.config.digest));
  return {
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '/',
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    environment: Object.fromEntries(
      (config.Env ?? []).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    ),
  };
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

async function readBlob<T>(file: string, path: string): Promise<T> {
  return JSON.parse(await run('tar', ['-xOf', file, path])) as T;
}
