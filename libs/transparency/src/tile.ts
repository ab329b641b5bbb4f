import { HASH_BYTES } from './hashes.js';

/** Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles: height 8). */
export const TILE_WIDTH = 256;

/** A tile of hashes at a level (0: leaf hashes), or a bundle of entries. */
export interface TileRef {
  /** 0–63 for hashes; `entries` for a bundle. */
  readonly level: number | 'entries';
  /** Position in its level, 0 or more. */
  readonly index: number;
  /** Hashes or entries in it: 1–256. Less than 256 is a partial tile. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]` as C2SP tlog-tiles writes it, N in groups of three digits: `tile/0/x001/x234/067.p/112`. */
export function tilePath({ level, index, width }: TileRef): string {
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${indexPath(index)}${partial}`;
}

const PATH = /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** Reads a tile's path; undefined for anything that tilePath would not write. */
export function parseTilePath(path: string): TileRef | undefined {
  const match = PATH.exec(path);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const level = match[1] === 'entries' ? 'entries' : Number(match[1]);
  const index = Number(match[2].replaceAll(/[x/]/g, ''));
  const width = match[3] === undefined ? TILE_WIDTH : Number(match[3]);
  const isPartialWidth = match[3] === undefined || width < TILE_WIDTH;
  const isKnown = (level === 'entries' || level <= 63) && isPartialWidth && Number.isSafeInteger(index);
  const tile: TileRef = { level, index, width };
  return isKnown && tilePath(tile) === path ? tile : undefined;
}

function indexPath(index: number): string {
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g) ?? [];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
}

/** The width that a tile has in a tree of a size; 0: the tree does not reach it. */
export function tileWidthAt(size: number, { level, index }: Pick<TileRef, 'level' | 'index'>): number {
  const hashes = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  return Math.max(0, Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH));
}

/** Entries one after the other, each behind its length in two bytes, big-endian. RangeError: an entry over 65,535 bytes. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap((entry) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/** The entries of a bundle; undefined when its bytes end inside one. */
export function decodeBundle(bytes: Uint8Array): Uint8Array[] | undefined {
  const entries: Uint8Array[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; ) {
    if (at + 2 > bytes.length) return undefined;
    const end = at + 2 + view.getUint16(at);
    if (end > bytes.length) return undefined;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return entries;
}

/** One hash of a tile. RangeError when the tile is too short. */
export function hashOfTile(tile: Uint8Array, position: number): Uint8Array {
  const end = (position + 1) * HASH_BYTES;
  if (end > tile.length) throw new RangeError('The tile holds fewer hashes than its tree needs');
  return tile.subarray(end - HASH_BYTES, end);
}
