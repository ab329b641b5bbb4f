import { DomainError } from '@dailydoco/errors';
import {
  encodeBundle,
  LogTree,
  parseTilePath,
  type ReadTile,
  TILE_WIDTH,
  type TileRef,
  tileWidthAt,
} from '@dailydoco/transparency';
import type { LogId, TenantId } from '../ids.js';
import type { Log, LogKey, StoredCheckpoint } from './log.js';

/** What everybody may read of a log. */
export interface LogReads {
  find(logId: LogId): Promise<Log | undefined>;
  findOf(tenantId: TenantId): Promise<Log | undefined>;
  /** The latest, or the one of a size. */
  checkpoint(tenantId: TenantId, size?: number): Promise<StoredCheckpoint | undefined>;
  /** For each key but the first, the checkpoint that the key before it signed too. */
  handovers(tenantId: TenantId): Promise<StoredCheckpoint[]>;
  /** The newest first. */
  keys(tenantId: TenantId): Promise<LogKey[]>;
  /** The first `width` hashes of a tile; undefined when it has fewer. */
  tile(tenantId: TenantId, tile: { level: number; index: number; width: number }): Promise<Uint8Array | undefined>;
  /** The first `width` entries of a bundle, or as many as there are. */
  entries(tenantId: TenantId, bundle: { index: number; width: number }): Promise<Uint8Array[]>;
}

export interface ServedTile {
  readonly bytes: Uint8Array;
  /** A full tile never changes. */
  readonly isFull: boolean;
}

/** A key and, but for the first, the note by which the key before it vouches for it. */
export interface ListedKey extends LogKey {
  readonly handover: string | undefined;
  /** When the next key took over; undefined: it signs. */
  readonly until: Date | undefined;
}

/** Logs for everybody's eyes. Whatever is not there is NOT_FOUND. */
export class ReadLog {
  readonly #reads: LogReads;

  constructor(reads: LogReads) {
    this.#reads = reads;
  }

  async checkpoint(logId: LogId): Promise<StoredCheckpoint> {
    const { tenantId } = await this.#find(logId);
    return known(await this.#reads.checkpoint(tenantId));
  }

  /** By the path as C2SP tlog-tiles writes it: `tile/0/x001/234.p/5`, `tile/entries/000`. */
  async tile(logId: LogId, path: string): Promise<ServedTile> {
    const tile = known(parseTilePath(path));
    const { tenantId, size } = await this.#find(logId);
    if (tileWidthAt(size, tile) < tile.width) throw new DomainError('NOT_FOUND');
    return { bytes: await this.#bytesOf(tenantId, tile), isFull: tile.width === TILE_WIDTH };
  }

  async #bytesOf(tenantId: TenantId, { level, index, width }: TileRef): Promise<Uint8Array> {
    if (level === 'entries') return encodeBundle(await this.#reads.entries(tenantId, { index, width }));
    return known(await this.#reads.tile(tenantId, { level, index, width }));
  }

  /** The newest first. */
  async keys(logId: LogId): Promise<{ log: Log; keys: ListedKey[] }> {
    const log = await this.#find(logId);
    const keys = await this.#reads.keys(log.tenantId);
    const handovers = new Map((await this.#reads.handovers(log.tenantId)).map((each) => [each.keyVersion, each.note]));
    return {
      log,
      keys: keys.map((key, at) => ({
        ...key,
        handover: handovers.get(key.version),
        until: keys[at - 1]?.createdAt,
      })),
    };
  }

  /** The proof that the tree of `to` leaves goes on from that of `from`. Both have to have been signed. */
  async consistency(
    logId: LogId,
    sizes: { from: number; to: number },
  ): Promise<{ from: StoredCheckpoint; to: StoredCheckpoint; proof: Uint8Array[] }> {
    const { tenantId } = await this.#find(logId);
    const from = known(await this.#reads.checkpoint(tenantId, sizes.from));
    const to = known(await this.#reads.checkpoint(tenantId, sizes.to));
    const tree = new LogTree(to.size, tilesOf(this.#reads, tenantId));
    return { from, to, proof: await tree.consistencyProof(from.size) };
  }

  /** The log of a tenant with the key that signs now and the latest checkpoint. */
  async own(tenantId: TenantId): Promise<{ log: Log; key: LogKey; checkpoint: StoredCheckpoint }> {
    const log = known(await this.#reads.findOf(tenantId));
    const [key] = await this.#reads.keys(tenantId);
    return { log, key: known(key), checkpoint: known(await this.#reads.checkpoint(tenantId)) };
  }

  async #find(logId: LogId): Promise<Log> {
    return known(await this.#reads.find(logId));
  }
}

/** Reads the tiles of a log for proofs. */
export function tilesOf(reads: Pick<LogReads, 'tile'>, tenantId: TenantId): ReadTile {
  return async (tile) => {
    const bytes = await reads.tile(tenantId, tile);
    if (bytes === undefined) throw new Error('A signed tree has all its tiles');
    return bytes;
  };
}

function known<T>(found: T | undefined): T {
  if (found === undefined) throw new DomainError('NOT_FOUND');
  return found;
}
