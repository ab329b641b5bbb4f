import { setTimeout as wait } from 'node:timers/promises';
import { GroupWriter, inDatabaseTransaction } from '@dailydoco/database';
import { DomainError, isTransient } from '@dailydoco/errors';
import { counter, type Logger } from '@dailydoco/telemetry';
import type { Click } from './click.js';
import { ClickSalts } from './click-salts.store.js';
import { ClickStore } from './click.store.js';

const dropped = counter('dailydoco_clicks_dropped_total');
const recorded = counter('dailydoco_clicks_recorded_total');

const MAX_GROUP = 1_000;
/** Long enough for company, short enough that a crash loses next to nothing and a registration right after finds its click. */
const MAX_WAIT_MS = 25;
const MAX_QUEUED = 20_000;
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 200;

export interface ClickLogParts {
  readonly pool: Parameters<typeof inDatabaseTransaction>[0];
  readonly logger: Logger;
  readonly randomBytes: (count: number) => Uint8Array;
}

/**
 * Stores clicks in groups, off the path of the redirect. What is lost is counted, never silent: clicks past the bounded
 * queue, and those that a database away for some seconds did not take.
 */
export class ClickLog {
  readonly #writer: GroupWriter<Click, undefined>;
  readonly #logger: Logger;
  #latest: Promise<void> = Promise.resolve();

  constructor({ pool, logger, randomBytes }: ClickLogParts) {
    const salts = new ClickSalts(randomBytes);
    this.#logger = logger;
    this.#writer = new GroupWriter<Click, undefined>({
      name: 'clicks',
      maxGroup: MAX_GROUP,
      maxWaitMs: MAX_WAIT_MS,
      maxQueued: MAX_QUEUED,
      commit: async (clicks) => {
        const identified = await salts.identify(pool, clicks);
        await inDatabaseTransaction(pool, (tx) => new ClickStore(tx).add(identified));
        recorded.add(clicks.length);
        return clicks.map(() => undefined);
      },
    });
  }

  log(click: Click): void {
    this.#latest = this.#store(click);
  }

  /** Resolves when everything logged before is stored, or given up. */
  settled(): Promise<void> {
    return this.#latest;
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  async #store(click: Click): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#writer.submit(click);
        return;
      } catch (error) {
        if (!isTransient(error) || attempt === ATTEMPTS) {
          dropped.add(1, { reason: error instanceof DomainError && error.reason === 'OVERLOADED' ? 'full' : 'failed' });
          this.#logger.warn({ err: error }, 'a click was lost');
          return;
        }
        await wait(FIRST_PAUSE_MS * 2 ** (attempt - 1));
      }
    }
  }
}
