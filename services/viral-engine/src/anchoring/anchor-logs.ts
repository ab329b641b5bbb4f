import { LogTree, verifyConsistency } from '@dailydoco/transparency';
import type { LogId, TenantId } from '../ids.js';
import type { Log, StoredCheckpoint } from '../transparency/log.js';

/** What of a tree is on the chain. */
export interface Anchored {
  readonly size: number;
  readonly root: Uint8Array;
}

/** The contract that keeps anchors, and the account that pays for them. */
export interface AnchorChain {
  last(origin: string): Promise<Anchored | undefined>;
  /** Resolves when the anchor stands in a block. Rejects with `isDear` when the chain asks for more than may be paid. */
  post(checkpoint: Anchored & { readonly origin: string }): Promise<string>;
  isDear(error: unknown): boolean;
}

/** The logs, as they stand. */
export interface AnchorReads {
  /** Logs with leaves, in the order of their ids. */
  logsAfter(after: LogId | undefined, limit: number): Promise<Log[]>;
  /** When the first tree of more than so many leaves was signed; undefined: none was. */
  signedPast(tenantId: TenantId, size: number): Promise<Date | undefined>;
  checkpoint(tenantId: TenantId): Promise<StoredCheckpoint | undefined>;
  tile(tenantId: TenantId, tile: { level: number; index: number; width: number }): Promise<Uint8Array | undefined>;
}

/** What became of a log whose anchor was due. `rewritten`: its tree does not go on from its last anchor. */
export type AnchorOutcome = 'posted' | 'dear' | 'rewritten' | 'failed';

export interface AnchorLogsParts {
  readonly reads: AnchorReads;
  readonly chain: AnchorChain;
  readonly clock: { now(): Date };
  /** How long a signed tree may go without an anchor. */
  readonly everyMs: number;
  readonly done: (log: Log, outcome: AnchorOutcome, told: unknown) => void;
}

class Rewritten extends Error {}

const PAGE = 100;
/** Most transactions of one round: a fault must not empty the account. */
const MOST_POSTS = 20;

/**
 * Posts the logs' checkpoints, each when the first tree that goes beyond its last anchor has been signed for `everyMs`.
 * Only what goes on from the last anchor is posted, proved from the log's own tiles: a rewritten history is told instead.
 * One process at a time may do this: the account's transactions are in one order.
 */
export class AnchorLogs {
  readonly #parts: AnchorLogsParts;
  /** Leaves of each log's last anchor, as far as they were asked for; so a log that stands still is asked about once. */
  readonly #anchored = new Map<LogId, number>();

  constructor(parts: AnchorLogsParts) {
    this.#parts = parts;
  }

  /**
   * Looks at every log once, or until the signal: then the log in hand is the last. Returns by how many milliseconds the
   * latest anchor is overdue; 0: none is.
   */
  async runOnce(signal?: AbortSignal): Promise<number> {
    const { reads } = this.#parts;
    const round = { posts: 0, overdueMs: 0 };
    let after: LogId | undefined;
    for (;;) {
      const logs = await reads.logsAfter(after, PAGE);
      for (const log of logs) if (signal?.aborted !== true) await this.#look(log, round);
      after = logs.at(-1)?.logId;
      if (logs.length < PAGE || signal?.aborted === true) return round.overdueMs;
    }
  }

  async #look(log: Log, round: { posts: number; overdueMs: number }): Promise<void> {
    const { reads, chain, clock, everyMs, done } = this.#parts;
    if (this.#anchored.get(log.logId) === log.size) return;
    const anchored = this.#anchored.get(log.logId) ?? (await chain.last(log.origin))?.size ?? 0;
    this.#anchored.set(log.logId, anchored);
    if (anchored > log.size) return done(log, 'rewritten', undefined);
    const since = await reads.signedPast(log.tenantId, anchored);
    if (since === undefined) return;
    const overdueMs = clock.now().getTime() - since.getTime() - everyMs;
    if (overdueMs < 0) return;
    const stands = round.posts < MOST_POSTS && (await this.#anchor(log));
    round.posts += 1;
    if (!stands) round.overdueMs = Math.max(round.overdueMs, overdueMs);
  }

  /** Resolves to whether the log's newest tree stands on the chain now. */
  async #anchor(log: Log): Promise<boolean> {
    const { chain, done } = this.#parts;
    try {
      const transaction = await this.#post(log);
      if (transaction !== undefined) done(log, 'posted', transaction);
      return true;
    } catch (error) {
      // What is on the chain may be another than was thought.
      this.#anchored.delete(log.logId);
      if (error instanceof Rewritten) done(log, 'rewritten', undefined);
      else done(log, chain.isDear(error) ? 'dear' : 'failed', error);
      return false;
    }
  }

  /** Undefined where the chain has the tree already. */
  async #post({ tenantId, logId, origin }: Log): Promise<string | undefined> {
    const { reads, chain } = this.#parts;
    const to = await reads.checkpoint(tenantId);
    if (to === undefined) throw new Error('A log with leaves has a checkpoint');
    const from = await chain.last(origin);
    if (from !== undefined && !(await this.#goesOn(tenantId, from, to))) throw new Rewritten();
    const isThere = from?.size === to.size;
    const transaction = isThere ? undefined : await chain.post({ origin, size: to.size, root: to.root });
    this.#anchored.set(logId, to.size);
    return transaction;
  }

  async #goesOn(tenantId: TenantId, from: Anchored, to: StoredCheckpoint): Promise<boolean> {
    if (from.size > to.size) return false;
    const tree = new LogTree(to.size, async (tile) => {
      const bytes = await this.#parts.reads.tile(tenantId, tile);
      if (bytes === undefined) throw new Error('A tile of a signed tree is missing');
      return bytes;
    });
    return verifyConsistency({ from, to, proof: await tree.consistencyProof(from.size) });
  }
}
