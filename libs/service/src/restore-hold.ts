import { openRestoreHolds, type RestoreHold, type Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import type { ConsumerDefinition } from '@dailydoco/events';
import { type LoopSigns, PeriodicTask } from '@dailydoco/lifecycle';
import { type Logger, observe } from '@dailydoco/telemetry';

export interface RestoreHoldWatchOptions {
  readonly sql: Sql;
  readonly logger: Logger;
  /** Pause between two looks; a hold that begins or ends is noticed within it. Default 2,000. */
  readonly everyMs?: number;
}

/**
 * Knows whether the service's database was restored and the restore is not yet accepted. While it is so the service reads
 * and changes nothing: what the restored part is missing, nobody has looked at, and money might move twice. A look that
 * fails changes nothing: the last answer stands.
 */
export class RestoreHoldWatch {
  readonly #options: Required<RestoreHoldWatchOptions>;
  #held = false;
  #task: PeriodicTask | undefined;
  #unregister: () => void = () => undefined;

  constructor(options: RestoreHoldWatchOptions) {
    this.#options = { everyMs: 2_000, ...options };
  }

  /** True from the first look on that finds a hold, until one finds none. Before `start` nothing is held. */
  get isHeld(): boolean {
    return this.#held;
  }

  /** Resolves once it is known; rejects when the database cannot be asked. Looks again and again until `stop`. */
  async start(signs: LoopSigns): Promise<void> {
    await this.#look();
    const { everyMs, logger } = this.#options;
    this.#unregister = observe('dailydoco_restore_hold', () => (this.#held ? 1 : 0));
    this.#task = new PeriodicTask({
      everyMs,
      run: () => this.#look(),
      onError: (err) => logger.warn({ err }, 'it could not be seen whether the database is held'),
      signs,
    });
    this.#task.start();
  }

  async stop(): Promise<void> {
    this.#unregister();
    await this.#task?.stop();
  }

  async #look(): Promise<boolean> {
    const holds = await openRestoreHolds(this.#options.sql);
    const held = holds.length > 0;
    if (held !== this.#held) this.#tell(holds);
    this.#held = held;
    return false;
  }

  #tell(holds: readonly RestoreHold[]): void {
    const { logger } = this.#options;
    if (holds.length > 0) logger.warn({ holds }, 'the database was restored: read-only until that is accepted');
    else logger.info({}, 'the restore was accepted: changes are taken again');
  }
}

/** The same consumer, which applies nothing while the service is held: its events wait where they are, in order. */
export function heldBack(consumer: ConsumerDefinition, hold: Pick<RestoreHoldWatch, 'isHeld'>): ConsumerDefinition {
  return {
    ...consumer,
    applyBatch: async (tx, received) => {
      // A failure that may pass: tried again for ever, never parked.
      if (hold.isHeld) throw new DomainError('READ_ONLY');
      await consumer.applyBatch(tx, received);
    },
  };
}
