import { setTimeout as wait } from 'node:timers/promises';
import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError, isTransient } from '@dailydoco/errors';
import { counter, type Logger } from '@dailydoco/telemetry';
import type { Click } from './click.js';
import type { ClickJournal } from './click-journal.adapter.js';
import { ClickSalts } from './click-salts.store.js';
import { ClickStore } from './click.store.js';
import { beforeEndOfTurn, endOfTurn } from './end-of-turn.js';

const dropped = counter('dailydoco_clicks_dropped_total');
const recorded = counter('dailydoco_clicks_recorded_total');
const recovered = counter('dailydoco_clicks_recovered_total');

/** Most clicks of one database transaction. */
const MAX_STORED_AT_ONCE = 1_000;
/** Long enough for company, short enough that a crash loses next to nothing and a registration right after finds its click. */
const MAX_WAIT_MS = 25;
/** Most clicks that are logged and not stored yet. */
const MAX_HELD = 100_000;
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 200;

export interface ClickLogParts {
  readonly pool: Parameters<typeof inDatabaseTransaction>[0];
  readonly logger: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Where clicks stand until they are stored, so that a kill loses none; undefined: it loses them. */
  readonly journal?: ClickJournal | undefined;
  /** Most clicks held in memory; 100,000 unless told. */
  readonly maxHeld?: number;
}

/** Clicks that go one way. */
interface Bundle {
  readonly clicks: readonly Click[];
  /** Some of them may be stored already: an attempt to do so ended without an answer, or a killed process had them. */
  readonly mayBeStored: boolean;
}

/**
 * Stores clicks in groups, off the path of the redirect. Those of one turn of the event loop go one way, as a bundle; at the
 * turn's end, before its answers are sent, they stand in the journal. What is lost is counted, never silent: clicks past
 * the most that are held, and those that a database away for some seconds did not take.
 */
export class ClickLog {
  readonly #writer: GroupWriter<Bundle, undefined>;
  readonly #stored: ClickStore;
  readonly #journal: ClickJournal | undefined;
  readonly #logger: Logger;
  readonly #maxHeld: number;
  #gathered: Click[] = [];
  #held = 0;
  #closed = false;
  #latest: Promise<void> = Promise.resolve();

  constructor({ pool, logger, randomBytes, journal, maxHeld = MAX_HELD }: ClickLogParts) {
    const salts = new ClickSalts(randomBytes);
    this.#stored = new ClickStore(pool);
    this.#journal = journal;
    this.#logger = logger;
    this.#maxHeld = maxHeld;
    this.#writer = new GroupWriter<Bundle, undefined>({
      name: 'clicks',
      maxGroup: MAX_STORED_AT_ONCE,
      maxWaitMs: MAX_WAIT_MS,
      // No bundle is empty, so what bounds the clicks bounds the bundles.
      maxQueued: maxHeld,
      commit: async (bundles) => {
        const clicks = bundles.flatMap((bundle) => bundle.clicks);
        const mayBeStored = bundles.some((bundle) => bundle.mayBeStored);
        for (let from = 0; from < clicks.length; from += MAX_STORED_AT_ONCE) {
          const identified = await salts.identify(pool, clicks.slice(from, from + MAX_STORED_AT_ONCE));
          await inDatabaseTransaction(pool, (tx) => new ClickStore(tx).add(identified, { mayBeStored }));
        }
        return bundles.map(() => undefined);
      },
    });
  }

  log(click: Click): void {
    if (this.#held >= this.#maxHeld) {
      this.#lose(1, new DomainError('OVERLOADED'));
      return;
    }
    this.#held += 1;
    if (this.#gathered.push(click) === 1) beforeEndOfTurn(() => this.#handOver());
  }

  /** Resolves when everything logged before is stored, or given up. */
  settled(): Promise<void> {
    this.#handOver();
    return this.#latest;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#handOver();
    await this.#writer.close();
    // What was stored just now is told to the journal within this turn.
    await endOfTurn();
    await this.#journal?.close();
  }

  /**
   * Stores what killed processes had answered and not stored; false: nothing more is left. Those that are stored already
   * change nothing. Rejects while the database is away, and goes on with the same when it is called again.
   */
  async recover(): Promise<boolean> {
    for await (const { clicks, unreadable, forget } of this.#journal?.leftBehind() ?? []) {
      let found = 0;
      for (let from = 0; from < clicks.length; from += MAX_STORED_AT_ONCE) {
        const missing = await this.#stored.missing(clicks.slice(from, from + MAX_STORED_AT_ONCE));
        if (missing.length > 0) found += await this.#recover(missing);
      }
      await forget();
      if (unreadable > 0) this.#lose(unreadable, new Error('Lines of a journal cannot be read'), 'killed');
      if (found > 0)
        this.#logger.warn({ clicks: found }, 'clicks that a killed process left in its journal were stored');
    }
    return false;
  }

  /** How many of them could be stored. */
  async #recover(clicks: readonly Click[]): Promise<number> {
    try {
      await this.#writer.submit({ clicks, mayBeStored: true });
    } catch (error) {
      if (isTransient(error)) throw error;
      const middle = clicks.length >> 1;
      if (middle > 0)
        return (await this.#recover(clicks.slice(0, middle))) + (await this.#recover(clicks.slice(middle)));
      this.#lose(1, error, 'killed');
      return 0;
    }
    recorded.add(clicks.length);
    recovered.add(clicks.length);
    return clicks.length;
  }

  #handOver(): void {
    const bundle = this.#gathered;
    if (bundle.length === 0) return;
    this.#gathered = [];
    const settle = this.#journal?.append(bundle);
    this.#latest = this.#store(bundle).then((settled) => {
      this.#held -= bundle.length;
      if (settled) settle?.();
    });
  }

  /** False: neither stored nor given up, because the process ends; the next one finds them in the journal. */
  async #store(bundle: readonly Click[], mayBeStored = false): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#writer.submit({ clicks: bundle, mayBeStored: mayBeStored || attempt > 1 });
        recorded.add(bundle.length);
        return true;
      } catch (error) {
        if (!isTransient(error) && bundle.length > 1) {
          // One that cannot be stored takes none of the others with it.
          const settled = await Promise.all(bundle.map((click) => this.#store([click], true)));
          return settled.every(Boolean);
        }
        if (isTransient(error) && this.#closed && this.#journal !== undefined) return false;
        if (!isTransient(error) || this.#closed || attempt === ATTEMPTS) {
          this.#lose(bundle.length, error);
          return true;
        }
        await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  #lose(clicks: number, error: unknown, reason: 'full' | 'failed' | 'killed' = reasonOf(error)): void {
    dropped.add(clicks, { reason });
    this.#logger.warn({ err: error, clicks }, 'a click was lost');
  }
}

function reasonOf(error: unknown): 'full' | 'failed' {
  return error instanceof DomainError && error.reason === 'OVERLOADED' ? 'full' : 'failed';
}
