import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { imageArchive, tar } from './image-archive.js';

/** Reads a tar by what its headers say, as another program would. */
function untar(archive: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (let at = 0; archive[at] !== 0; ) {
    const name = archive.toString('utf8', at, archive.indexOf(0, at));
    const size = Number.parseInt(archive.toString('ascii', at + 124, at + 135), 8);
    files.set(name, archive.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

const sha256 = (content: Buffer | undefined) =>
  createHash('sha256')
    .update(content ?? '')
    .digest('hex');

describe('a tar', () => {
  it.each([0, 1, 511, 512, 513])('gives back a file of %i bytes', (bytes) => {
    const content = Buffer.alloc(bytes, 7);
    const archive = tar([
      { path: 'a', content, mode: 0o755 },
      { path: 'b', content: Buffer.from('b'), mode: 0o644 },
    ]);
    expect(archive.length % 512).toBe(0);
    expect([...untar(archive)]).toEqual([
      ['a', content],
      ['b', Buffer.from('b')],
    ]);
  });

  it('has headers whose checksums are right', () => {
    const archive = tar([{ path: 'a', content: Buffer.from('x'), mode: 0o755 }]);
    const header = Buffer.from(archive.subarray(0, 512));
    const said = Number.parseInt(header.toString('ascii', 148, 154), 8);
    header.fill(' ', 148, 156);
    expect(said).toBe(header.reduce((sum, byte) => sum + byte, 0));
  });

  it('refuses a name that does not fit', () => {
    expect(() => tar([{ path: 'x'.repeat(101), content: Buffer.alloc(0), mode: 0 }])).toThrow(/longer than/);
  });
});

describe('an image’s archive', () => {
  const image = {
    name: 'example.com/it:1',
    files: [{ path: 'program', content: Buffer.from('#!'), mode: 0o755 }],
    entrypoint: ['/program'],
    user: '65535:65535',
  };

  it('names a layer and a config by what is in them', () => {
    const files = untar(imageArchive(image));
    const [entry] = JSON.parse(files.get('manifest.json')?.toString() ?? '');
    expect(entry.RepoTags).toEqual(['example.com/it:1']);
    const config = files.get(entry.Config);
    expect(entry.Config).toBe(`${sha256(config)}.json`);
    const parsed = JSON.parse(config?.toString() ?? '');
    expect(parsed.config).toEqual({ Entrypoint: ['/program'], User: '65535:65535' });
    expect(parsed.rootfs.diff_ids).toEqual([`sha256:${sha256(files.get(entry.Layers[0]))}`]);
    expect(
      untar(files.get(entry.Layers[0]) ?? Buffer.alloc(0))
        .get('program')
        ?.toString(),
    ).toBe('#!');
  });

  it('is the same each time', () => {
    expect(imageArchive(image).equals(imageArchive(image))).toBe(true);
  });
});
