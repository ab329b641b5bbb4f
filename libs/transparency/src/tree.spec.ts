import { describe, expect, it } from '@jest/globals';
import { EMPTY_ROOT, leafHash, nodeHash } from './hashes.js';
import {
  consistencyProof,
  inclusionProof,
  LogTree,
  type ReadTile,
  verifyConsistency,
  verifyInclusion,
} from './proof.js';
import { tilePath, tileWidthAt } from './tile.js';
import { appendLeaves, EMPTY_TREE, edgeTiles, rootOf, type TreeHead } from './tree.js';

// Published with RFC 6962's reference implementation (certificate-transparency, merkle_tree_test.cc).
const CT_LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const CT_PROOFS: [leaf: number, size: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [3, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    2,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const CT_CONSISTENCY: [from: number, to: number, proof: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const unhex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const leavesOf = (count: number, from = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, at) => leafHash(Buffer.from(`leaf ${from + at}`)));

/** The definition itself, without tiles: MTH of RFC 6962. */
function merkleTreeHash(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) return EMPTY_ROOT;
  if (leaves.length === 1) return first;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(merkleTreeHash(leaves.slice(0, split)), merkleTreeHash(leaves.slice(split)));
}

/** A log in memory: tiles by path, the longest of each kept, as a server keeps them. */
class Tiles {
  head: TreeHead = EMPTY_TREE;
  root = EMPTY_ROOT;
  readonly byName = new Map<string, Uint8Array>();

  append(leaves: readonly Uint8Array[]): this {
    const { tiles, root, ...head } = appendLeaves(this.head, leaves);
    for (const { level, index, width, bytes } of tiles) {
      expect(bytes).toHaveLength(width * 32);
      const name = `${level}/${index}`;
      const before = this.byName.get(name) ?? new Uint8Array(0);
      expect(hex(bytes).startsWith(hex(before))).toBe(true);
      expect(bytes.length).toBeGreaterThan(before.length);
      this.byName.set(name, bytes);
    }
    this.head = head;
    this.root = root;
    return this;
  }

  readonly read: ReadTile = ({ level, index, width }) => {
    const bytes = this.byName.get(`${level}/${index}`);
    if (bytes === undefined || bytes.length < width * 32) throw new Error(`No ${tilePath({ level, index, width })}`);
    return bytes;
  };
}

describe('the tree', () => {
  it('has the roots and proofs published with RFC 6962’s reference implementation', async () => {
    const leaves = CT_LEAVES.map((leaf) => leafHash(unhex(leaf)));
    const log = new Tiles();
    expect(hex(rootOf(EMPTY_TREE))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (const [at, leaf] of leaves.entries()) expect(hex(log.append([leaf]).root)).toBe(CT_ROOTS[at]);
    for (const [leaf, size, proof] of CT_PROOFS) {
      expect((await inclusionProof(leaf - 1, size, log.read)).map(hex)).toEqual(proof);
      const root = unhex(CT_ROOTS[size - 1]!);
      const known = { index: leaf - 1, size, leafHash: leaves[leaf - 1]!, root, proof: proof.map(unhex) };
      expect(verifyInclusion(known)).toBe(true);
    }
    for (const [from, to, proof] of CT_CONSISTENCY) {
      expect((await consistencyProof(from, to, log.read)).map(hex)).toEqual(proof);
      const head = (size: number) => ({ size, root: unhex(CT_ROOTS[size - 1]!) });
      expect(verifyConsistency({ from: head(from), to: head(to), proof: proof.map(unhex) })).toBe(true);
    }
  });

  it('has the same root however the leaves are batched, and the one of the definition', () => {
    for (const size of [1, 2, 3, 255, 256, 257, 511, 512, 513, 700]) {
      const leaves = leavesOf(size);
      const whole = appendLeaves(EMPTY_TREE, leaves);
      expect(hex(whole.root)).toBe(hex(merkleTreeHash(leaves)));
      const log = new Tiles();
      for (let at = 0; at < size; at += 37) log.append(leaves.slice(at, at + 37));
      expect(hex(log.root)).toBe(hex(whole.root));
      expect(log.head.edge.map(hex).join('|').replace(/\|+$/, '')).toBe(
        whole.edge.map(hex).join('|').replace(/\|+$/, ''),
      );
    }
  });

  it('has the tiles that tlog-tiles tells of for 70,000 leaves', () => {
    const { tiles, edge, root, size } = appendLeaves(EMPTY_TREE, leavesOf(70_000));
    const told = (level: number) => tiles.filter((tile) => tile.level === level).map(({ width }) => width);
    expect(told(0)).toEqual([...Array.from({ length: 273 }, () => 256), 112]);
    expect(told(1)).toEqual([256, 17]);
    expect(told(2)).toEqual([1]);
    expect(edgeTiles(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(tileWidthAt(70_000, { level: 1, index: 1 })).toBe(17);
    expect(hex(rootOf({ size, edge }))).toBe(hex(root));
    expect(appendLeaves(EMPTY_TREE, leavesOf(256)).tiles.map(({ level, width }) => [level, width])).toEqual([
      [0, 256],
      [1, 1],
    ]);
  });

  it('proves every leaf of sizes around the tiles, and each earlier tree', async () => {
    const leaves = leavesOf(600);
    const roots = new Map<number, Uint8Array>();
    const log = new Tiles();
    for (const size of [1, 2, 7, 255, 256, 257, 511, 512, 600]) {
      log.append(leaves.slice(log.head.size, size));
      roots.set(size, log.root);
    }
    for (const [size, root] of roots) {
      const tree = new LogTree(size, log.read);
      expect(hex(await tree.root())).toBe(hex(root));
      for (let index = 0; index < size; index += 1 + (size >> 4)) {
        const proof = await tree.inclusionProof(index);
        expect(verifyInclusion({ index, size, leafHash: leaves[index]!, root, proof })).toBe(true);
        expect(verifyInclusion({ index, size, leafHash: leaves[index + 1] ?? EMPTY_ROOT, root, proof })).toBe(false);
        expect(verifyInclusion({ index: (index + 1) % 600, size, leafHash: leaves[index]!, root, proof })).toBe(
          size === 1 && index === 599,
        );
        expect(verifyInclusion({ index, size, leafHash: leaves[index]!, root, proof: [...proof, root] })).toBe(false);
      }
      for (const [earlier, earlierRoot] of roots) {
        if (earlier > size) continue;
        const proof = await tree.consistencyProof(earlier);
        const to = { size, root };
        expect(verifyConsistency({ from: { size: earlier, root: earlierRoot }, to, proof })).toBe(true);
        expect(verifyConsistency({ from: { size: earlier, root: leaves[0]! }, to, proof })).toBe(earlier === 1);
        if (earlier < size) {
          expect(
            verifyConsistency({ from: { size: earlier, root: earlierRoot }, to: { size, root: leaves[9]! }, proof }),
          ).toBe(false);
        }
      }
    }
  });

  it('refuses an edge of another size, and leaves that are not there', async () => {
    const { edge } = appendLeaves(EMPTY_TREE, leavesOf(5));
    expect(() => appendLeaves({ size: 6, edge }, [])).toThrow('The edge of a tree of 6 leaves has 6 hashes at level 0');
    expect(() => rootOf({ size: 300, edge })).toThrow(RangeError);
    await expect(inclusionProof(5, 5, () => new Uint8Array(160))).rejects.toThrow(RangeError);
    await expect(consistencyProof(6, 5, () => new Uint8Array(160))).rejects.toThrow(RangeError);
    await expect(inclusionProof(0, 5, () => new Uint8Array(64))).rejects.toThrow('The tile holds fewer hashes');
  });
});
