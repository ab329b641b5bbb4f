import { describe, expect, it } from '@jest/globals';
import { decodeBundle, encodeBundle, parseTilePath, type TileRef, tilePath } from './tile.js';

describe('tiles', () => {
  it('have the paths of tlog-tiles, and read back from them only', () => {
    const paths: [TileRef, string][] = [
      [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
      [{ level: 1, index: 1_234_067, width: 256 }, 'tile/1/x001/x234/067'],
      [{ level: 'entries', index: 273, width: 112 }, 'tile/entries/273.p/112'],
      [{ level: 63, index: 1000, width: 1 }, 'tile/63/x001/000.p/1'],
    ];
    for (const [tile, path] of paths) {
      expect(tilePath(tile)).toBe(path);
      expect(parseTilePath(path)).toEqual(tile);
    }
    const wrong = [
      'tile/0/0',
      'tile/0/x000/001',
      'tile/00/000',
      'tile/64/000',
      'tile/0/001/234',
      'tile/0/x001/x234',
      'tile/0/000.p/0',
      'tile/0/000.p/256',
      'tile/0/000.p/01',
      '/tile/0/000',
      'tile/0/000/',
      `tile/0/${'x999/'.repeat(6)}999`,
    ];
    for (const path of wrong) expect([path, parseTilePath(path)]).toEqual([path, undefined]);
  });

  it('have bundles of entries behind their lengths', () => {
    const entries = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(300, 7)];
    const bundle = encodeBundle(entries);
    expect(Buffer.from(bundle).subarray(0, 5).toString('hex')).toBe('0001610000');
    expect(decodeBundle(bundle)?.map((entry) => Buffer.from(entry))).toEqual(entries);
    for (const cut of [1, 4, bundle.length - 1]) expect(decodeBundle(bundle.subarray(0, cut))).toBeUndefined();
    expect(() => encodeBundle([Buffer.alloc(65_536)])).toThrow('out of range');
  });
});
