import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { fromBase64, toBase64 } from './canonical.js';
import { leafHash, sha256 } from './hashes.js';
import { LogTree, verifyConsistency, verifyInclusion } from './proof.js';
import { parseTilePath, tileWidthAt } from './tile.js';
import { appendLeaves, EMPTY_TREE } from './tree.js';

/** Made by golang.org/x/mod/sumdb/tlog 0.30.0 over the leaves `leaf 0` to `leaf 69999`. */
interface Vectors {
  readonly Roots: Readonly<Record<string, string>>;
  readonly Inclusion: readonly { readonly Index: number; readonly Size: number; readonly Proof: readonly string[] }[];
  readonly Consistency: readonly { readonly From: number; readonly To: number; readonly Proof: readonly string[] }[];
  /** Tiles by Go's paths, which begin with the height. */
  readonly Tiles: readonly { readonly Path: string; readonly Sha256: string }[];
}

const vectors = JSON.parse(readFileSync(new URL('../test/go-tlog-vectors.json', import.meta.url), 'utf8')) as Vectors;
const leaves = Array.from({ length: 70_000 }, (_, at) => leafHash(Buffer.from(`leaf ${at}`)));
const { tiles } = appendLeaves(EMPTY_TREE, leaves);
const tileOf = ({ level, index }: { level: number | 'entries'; index: number }): Uint8Array =>
  tiles.find((tile) => tile.level === level && tile.index === index)!.bytes;
const bytesOf = (hashes: readonly string[]): Uint8Array[] => hashes.map((hash) => fromBase64(hash)!);
const rootAt = (size: number): Uint8Array => fromBase64(vectors.Roots[size]!)!;

describe('a tree of 70,000 leaves is the one that Go makes', () => {
  it('at each size', async () => {
    for (const [size, root] of Object.entries(vectors.Roots)) {
      expect([size, toBase64(await new LogTree(Number(size), tileOf).root())]).toEqual([size, root]);
    }
  });

  it('in its proofs', async () => {
    for (const { Index: index, Size: size, Proof } of vectors.Inclusion) {
      const proof = await new LogTree(size, tileOf).inclusionProof(index);
      expect(proof.map(toBase64)).toEqual(Proof);
      const given = { index, size, leafHash: leaves[index]!, root: rootAt(size) };
      expect(verifyInclusion({ ...given, proof: bytesOf(Proof) })).toBe(true);
    }
    for (const { From, To, Proof } of vectors.Consistency) {
      const proof = await new LogTree(To, tileOf).consistencyProof(From);
      expect(proof.map(toBase64)).toEqual(Proof);
      const [from, to] = [From, To].map((size) => ({ size, root: rootAt(size) }));
      expect(verifyConsistency({ from: from!, to: to!, proof: bytesOf(Proof) })).toBe(true);
    }
  });

  it('in its tiles', () => {
    for (const { Path, Sha256 } of vectors.Tiles) {
      const tile = parseTilePath(Path.replace('tile/8/', 'tile/'))!;
      expect(tileWidthAt(70_000, tile)).toBe(tile.width);
      expect(Buffer.from(sha256(tileOf(tile))).toString('hex')).toBe(Sha256);
    }
  });
});
