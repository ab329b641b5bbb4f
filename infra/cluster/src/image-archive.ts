import { createHash } from 'node:crypto';

export interface ImageFile {
  /** Path inside the image, without a leading slash. */
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

export interface ImageContent {
  readonly name: string;
  readonly files: readonly ImageFile[];
  readonly entrypoint: readonly string[];
  readonly user: string;
}

const BLOCK_BYTES = 512;

/** An image of a few files in one layer, as the archive that `docker save` writes and containerd imports. */
export function imageArchive(image: ImageContent): Buffer {
  const layer = tar(image.files);
  const layerDigest = sha256(layer);
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Entrypoint: image.entrypoint, User: image.user },
      rootfs: { type: 'layers', diff_ids: [`sha256:${layerDigest}`] },
    }),
  );
  const configFile = `${sha256(config)}.json`;
  const layerFile = `${layerDigest}.tar`;
  const manifest = JSON.stringify([{ Config: configFile, RepoTags: [image.name], Layers: [layerFile] }]);
  return tar([
    { path: configFile, content: config, mode: 0o644 },
    { path: layerFile, content: layer, mode: 0o644 },
    { path: 'manifest.json', content: Buffer.from(manifest), mode: 0o644 },
  ]);
}

/** A tar in the ustar format, every file of root and of the epoch, so that the same files give the same bytes. */
export function tar(files: readonly ImageFile[]): Buffer {
  const parts = files.flatMap((file) => [
    header(file),
    file.content,
    Buffer.alloc((BLOCK_BYTES - (file.content.length % BLOCK_BYTES)) % BLOCK_BYTES),
  ]);
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK_BYTES)]);
}

function header(file: ImageFile): Buffer {
  if (Buffer.byteLength(file.path) > 100) throw new Error(`${file.path} is longer than a tar's 100 bytes for a name`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset, 'ascii');
  block.write(file.path, 0, 'utf8');
  octal(file.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(file.content.length, 124, 12);
  octal(0, 136, 12);
  block.write('        0', 148, 'ascii');
  block.write('ustar\0' + '00', 257, 'ascii');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
