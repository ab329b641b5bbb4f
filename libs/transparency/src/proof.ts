import { EMPTY_ROOT, isSameHash, nodeHash } from './hashes.js';
import { TILE_WIDTH, type TileRef, tileWidthAt } from './tile.js';
import { perfectRoot } from './tree.js';

/**
 * Gives the bytes of a tile of hashes: of the width asked, or more (a tile that has grown since begins with the same
 * hashes). Throws what the reader throws.
 */
export type ReadTile = (tile: TileRef & { readonly level: number }) => Uint8Array | Promise<Uint8Array>;

/** Tiles that a tree keeps at hand while it makes proofs: a statement asks for thousands in the order of the leaves. */
const TILES_KEPT = 64;

interface Range {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** A tree of a size over its tiles: makes proofs, and keeps the tiles and nodes that it has met. */
export class LogTree {
  readonly size: number;
  readonly #readTile: ReadTile;
  readonly #tiles = new Map<string, { readonly bytes: Uint8Array; readonly nodes: Map<number, Uint8Array> }>();

  constructor(size: number, readTile: ReadTile) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError('A tree has a safe number of leaves');
    this.size = size;
    this.#readTile = readTile;
  }

  /** The root hash. */
  async root(): Promise<Uint8Array> {
    return this.size === 0 ? EMPTY_ROOT : this.#hashOf({ from: 0, to: this.size });
  }

  /** The audit path of a leaf (RFC 6962, section 2.1.1), lowest first. RangeError outside the tree. */
  async inclusionProof(index: number): Promise<Uint8Array[]> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) throw new RangeError('No such leaf');
    const path: Uint8Array[] = [];
    let range: Range = { from: 0, to: this.size };
    while (range.to - range.from > 1) {
      const middle = range.from + splitOf(range.to - range.from);
      const left = { from: range.from, to: middle };
      const right = { from: middle, to: range.to };
      path.push(await this.#hashOf(index < middle ? right : left));
      range = index < middle ? left : right;
    }
    return path.toReversed();
  }

  /** The proof that the tree begins with the tree of `from` leaves (RFC 6962, section 2.1.2). RangeError past the size. */
  async consistencyProof(from: number): Promise<Uint8Array[]> {
    if (!Number.isSafeInteger(from) || from < 0 || from > this.size) throw new RangeError('No such earlier tree');
    if (from === 0 || from === this.size) return [];
    return this.#subproof(from, { from: 0, to: this.size }, true);
  }

  async #subproof(leaves: number, range: Range, isWhole: boolean): Promise<Uint8Array[]> {
    const count = range.to - range.from;
    if (leaves === count) return isWhole ? [] : [await this.#hashOf(range)];
    const split = splitOf(count);
    const left = { from: range.from, to: range.from + split };
    const right = { from: range.from + split, to: range.to };
    if (leaves <= split) return [...(await this.#subproof(leaves, left, isWhole)), await this.#hashOf(right)];
    return [...(await this.#subproof(leaves - split, right, false)), await this.#hashOf(left)];
  }

  async #hashOf(range: Range): Promise<Uint8Array> {
    const count = range.to - range.from;
    const height = Math.log2(count);
    if (Number.isInteger(height)) return this.#perfect(range.from, height);
    const middle = range.from + splitOf(count);
    const left = await this.#hashOf({ from: range.from, to: middle });
    return nodeHash(left, await this.#hashOf({ from: middle, to: range.to }));
  }

  /** The node over 2^height leaves, out of the tile that holds the hashes next below it. */
  async #perfect(firstLeaf: number, height: number): Promise<Uint8Array> {
    const level = Math.floor(height / 8);
    const count = 2 ** (height % 8);
    const first = firstLeaf / TILE_WIDTH ** level;
    const tile = await this.#tile(level, Math.floor(first / TILE_WIDTH));
    const from = first % TILE_WIDTH;
    // A node is known by its place in the tile as a heap: the root is 1, the hashes themselves are 256 to 511.
    const place = TILE_WIDTH / count + from / count;
    const known = tile.nodes.get(place);
    if (known !== undefined) return known;
    const node = perfectRoot(tile.bytes, { from, count });
    tile.nodes.set(place, node);
    return node;
  }

  async #tile(level: number, index: number): Promise<{ bytes: Uint8Array; nodes: Map<number, Uint8Array> }> {
    const name = `${level}/${index}`;
    const known = this.#tiles.get(name);
    if (known !== undefined) {
      this.#tiles.delete(name);
      this.#tiles.set(name, known);
      return known;
    }
    const width = tileWidthAt(this.size, { level, index });
    const tile = { bytes: await this.#readTile({ level, index, width }), nodes: new Map<number, Uint8Array>() };
    this.#tiles.set(name, tile);
    const oldest = this.#tiles.keys().next().value;
    if (this.#tiles.size > TILES_KEPT && oldest !== undefined) this.#tiles.delete(oldest);
    return tile;
  }
}

/** The audit path of one leaf. Who needs many keeps a LogTree. */
export function inclusionProof(index: number, size: number, readTile: ReadTile): Promise<Uint8Array[]> {
  return new LogTree(size, readTile).inclusionProof(index);
}

/** The proof that the tree of `to` leaves begins with that of `from`. */
export function consistencyProof(from: number, to: number, readTile: ReadTile): Promise<Uint8Array[]> {
  return new LogTree(to, readTile).consistencyProof(from);
}

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Whether a leaf stands at its index of the tree with this root (RFC 9162, section 2.1.3.2). */
export function verifyInclusion({ index, size, leafHash, root, proof }: Inclusion): boolean {
  if (!isIndex(index) || !isIndex(size) || index >= size) return false;
  let [node, last] = [index, size - 1];
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSameHash(hash, root);
}

export interface Consistency {
  readonly from: { readonly size: number; readonly root: Uint8Array };
  readonly to: { readonly size: number; readonly root: Uint8Array };
  readonly proof: readonly Uint8Array[];
}

/** Whether the tree `to` begins with the tree `from` (RFC 9162, section 2.1.4.2). Every tree begins with the empty one. */
export function verifyConsistency({ from, to, proof }: Consistency): boolean {
  if (!isIndex(from.size) || !isIndex(to.size) || from.size > to.size) return false;
  if (from.size === 0) return proof.length === 0 && isSameHash(from.root, EMPTY_ROOT);
  if (from.size === to.size) return proof.length === 0 && isSameHash(from.root, to.root);
  const path = Number.isInteger(Math.log2(from.size)) ? [from.root, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let [node, last] = [from.size - 1, to.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  let [fromHash, toHash] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      fromHash = nodeHash(sibling, fromHash);
      toHash = nodeHash(sibling, toHash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      toHash = nodeHash(toHash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && isSameHash(fromHash, from.root) && isSameHash(toHash, to.root);
}

/** The largest power of two below a count of 2 or more: how many leaves stand left of the root. */
function splitOf(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

// Sizes go past 32 bits, where the bit operators end.
function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isIndex(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
