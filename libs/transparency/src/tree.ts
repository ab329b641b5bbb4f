import { EMPTY_ROOT, HASH_BYTES, nodeHash } from './hashes.js';
import { hashOfTile, TILE_WIDTH, type TileRef, tileWidthAt } from './tile.js';

/**
 * The right edge of a tree: the partial tile of each level, lowest first, as bytes (empty where a level has none). With
 * the size it is all that appending needs.
 */
export type Edge = readonly Uint8Array[];

export interface TreeHead {
  /** Leaves in the tree, a safe integer. */
  readonly size: number;
  readonly edge: Edge;
}

/** A tile of hashes with its whole content: level and index name it, and a longer one of the same name replaces it. */
export interface WrittenTile extends TileRef {
  readonly level: number;
  readonly bytes: Uint8Array;
}

export interface Appended extends TreeHead {
  readonly root: Uint8Array;
  /** Every tile that began or grew, once, in its last state: full ones (width 256) never change again. */
  readonly tiles: readonly WrittenTile[];
}

export const EMPTY_TREE: TreeHead = { size: 0, edge: [] };

/** Appends leaf hashes to a tree. Pure; RangeError when the edge is not that of the size. */
export function appendLeaves({ size, edge }: TreeHead, leafHashes: readonly Uint8Array[]): Appended {
  assertEdge({ size, edge });
  const tiles: WrittenTile[] = [];
  const grown: Uint8Array[] = [];
  let added = leafHashes;
  for (let level = 0; level < edge.length || added.length > 0; level += 1) {
    const first = Math.floor(size / TILE_WIDTH ** (level + 1));
    const { full, rest } = cutIntoTiles(edge[level] ?? new Uint8Array(0), added);
    full.forEach((bytes, at) => tiles.push({ level, index: first + at, width: TILE_WIDTH, bytes }));
    if (rest.length > 0 && added.length > 0) {
      tiles.push({ level, index: first + full.length, width: rest.length / HASH_BYTES, bytes: rest });
    }
    grown.push(rest);
    added = full.map((bytes) => perfectRoot(bytes, { from: 0, count: TILE_WIDTH }));
  }
  const head = { size: size + leafHashes.length, edge: grown };
  return { ...head, root: rootOf(head), tiles };
}

/** The root of a tree (RFC 6962, section 2.1) from its edge. RangeError when the edge is not that of the size. */
export function rootOf({ size, edge }: TreeHead): Uint8Array {
  assertEdge({ size, edge });
  let root: Uint8Array | undefined;
  for (const tile of edge) {
    // The perfect subtrees that a partial tile spans are the binary digits of its width; the smallest stands rightmost.
    const width = tile.length / HASH_BYTES;
    let end = width;
    for (let count = 1; count <= width; count *= 2) {
      if ((width & count) === 0) continue;
      end -= count;
      const subtree = perfectRoot(tile, { from: end, count });
      root = root === undefined ? subtree : nodeHash(subtree, root);
    }
  }
  return root ?? EMPTY_ROOT;
}

/** The partial tiles that a reader of tiles needs to go on with a tree of this size, by level. */
export function edgeTiles(size: number): TileRef[] {
  const tiles: TileRef[] = [];
  for (let level = 0; size >= TILE_WIDTH ** level; level += 1) {
    const index = Math.floor(size / TILE_WIDTH ** (level + 1));
    const width = tileWidthAt(size, { level, index });
    if (width > 0) tiles.push({ level, index, width });
  }
  return tiles;
}

/** The root over `count` hashes of a tile, a power of two, from a position on. */
export function perfectRoot(tile: Uint8Array, { from, count }: { from: number; count: number }): Uint8Array {
  let hashes = Array.from({ length: count }, (_, at) => hashOfTile(tile, from + at));
  while (hashes.length > 1) {
    const below = hashes;
    hashes = Array.from({ length: below.length / 2 }, (_, at) =>
      nodeHash(below[2 * at] ?? EMPTY_ROOT, below[2 * at + 1] ?? EMPTY_ROOT),
    );
  }
  return hashes[0] ?? EMPTY_ROOT;
}

function cutIntoTiles(edge: Uint8Array, added: readonly Uint8Array[]): { full: Uint8Array[]; rest: Uint8Array } {
  const all = Buffer.concat([edge, ...added]);
  const tileBytes = TILE_WIDTH * HASH_BYTES;
  const count = Math.floor(all.length / tileBytes);
  const full = Array.from({ length: count }, (_, at) => all.subarray(at * tileBytes, (at + 1) * tileBytes));
  return { full, rest: all.subarray(count * tileBytes) };
}

function assertEdge({ size, edge }: TreeHead): void {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('A tree has a safe number of leaves');
  for (let level = 0; level < edge.length || size >= TILE_WIDTH ** level; level += 1) {
    const width = Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
    if ((edge[level]?.length ?? 0) !== width * HASH_BYTES) {
      throw new RangeError(`The edge of a tree of ${size} leaves has ${width} hashes at level ${level}`);
    }
  }
}
