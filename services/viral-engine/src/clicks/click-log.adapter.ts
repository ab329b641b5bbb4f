import { setTimeout as wait } from 'node:timers/promises';
import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError, isTransient } from '@dailydoco/errors';
import { counter, type Logger } from '@dailydoco/telemetry';
import type { Click } from './click.js';
import { ClickSalts } from './click-salts.store.js';
import { ClickStore } from './click.store.js';

const dropped = counter('dailydoco_clicks_dropped_total');
const recorded = counter('dailydoco_clicks_recorded_total');

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
  /** Most clicks held in memory; 100,000 unless told. */
  readonly maxHeld?: number;
}

/**
 * Stores clicks in groups, off the path of the redirect. Those of one turn of the event loop go one way, as a bundle. What
 * is lost is counted, never silent: clicks past the most that are held, and those that a database away for some seconds
 * did not take.
 */
export class ClickLog {
  readonly #writer: GroupWriter<readonly Click[], undefined>;
  readonly #logger: Logger;
  readonly #maxHeld: number;
  #gathered: Click[] = [];
  #held = 0;
  #latest: Promise<void> = Promise.resolve();

  constructor({ pool, logger, randomBytes, maxHeld = MAX_HELD }: ClickLogParts) {
    const salts = new ClickSalts(randomBytes);
    this.#logger = logger;
    this.#maxHeld = maxHeld;
    this.#writer = new GroupWriter<readonly Click[], undefined>({
      name: 'clicks',
      maxGroup: MAX_STORED_AT_ONCE,
      maxWaitMs: MAX_WAIT_MS,
      // No bundle is empty, so what bounds the clicks bounds the bundles.
      maxQueued: maxHeld,
      commit: async (bundles) => {
        const clicks = bundles.flat();
        for (let from = 0; from < clicks.length; from += MAX_STORED_AT_ONCE) {
          const identified = await salts.identify(pool, clicks.slice(from, from + MAX_STORED_AT_ONCE));
          await inDatabaseTransaction(pool, (tx) => new ClickStore(tx).add(identified));
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
    if (this.#gathered.push(click) === 1) setImmediate(() => this.#handOver());
  }

  /** Resolves when everything logged before is stored, or given up. */
  settled(): Promise<void> {
    this.#handOver();
    return this.#latest;
  }

  close(): Promise<void> {
    this.#handOver();
    return this.#writer.close();
  }

  #handOver(): void {
    const bundle = this.#gathered;
    if (bundle.length === 0) return;
    this.#gathered = [];
    this.#latest = this.#store(bundle).then(() => {
      this.#held -= bundle.length;
    });
  }

  async #store(bundle: readonly Click[]): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#writer.submit(bundle);
        recorded.add(bundle.length);
        return;
      } catch (error) {
        if (!isTransient(error) && bundle.length > 1) {
          // One that cannot be stored takes none of the others with it.
          await Promise.all(bundle.map((click) => this.#store([click])));
          return;
        }
        if (!isTransient(error) || attempt === ATTEMPTS) {
          this.#lose(bundle.length, error);
          return;
        }
        await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }

  #lose(clicks: number, error: unknown): void {
    dropped.add(clicks, { reason: error instanceof DomainError && error.reason === 'OVERLOADED' ? 'full' : 'failed' });
    this.#logger.warn({ err: error, clicks }, 'a click was lost');
  }
}
