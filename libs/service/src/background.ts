import { type ConsumerDefinition, ConsumerRunner, OutboxRelay } from '@dailydoco/events';
import { PeriodicTask } from '@dailydoco/lifecycle';
import type { Basis } from './basis.js';
import { heldBack } from './restore-hold.js';

/** Something done again and again by every replica; what must not be done twice is settled by the database. */
export interface RepeatedTask {
  /** Names the loop on the health page and in the logs. */
  readonly name: string;
  /** Pause between two runs, in milliseconds. */
  readonly everyMs: number;
  /** One run. Returns true when there is more to do at once. */
  readonly run: () => Promise<boolean>;
  /** Silence longer than this turns liveness red. Default three pauses, but at least a minute. */
  readonly maxSilenceMs?: number;
}

/** Publishes what the service writes into its outbox, unless its database is held. */
export function addRelay({ config, broker, logger, lifecycle, restoreHold }: Basis): void {
  const relay = new OutboxRelay({
    connectionString: config.DATABASE_URL,
    broker,
    logger,
    lifecycle,
    mayPublish: () => !restoreHold.isHeld,
  });
  lifecycle.onStart('relay', () => relay.start());
}

/** Hears what other services tell; while the database is held, events wait. */
export function addConsumers(
  { broker, pool, logger, lifecycle, restoreHold }: Basis,
  definitions: readonly ConsumerDefinition[],
): void {
  const consumers = definitions.map((definition) => heldBack(definition, restoreHold));
  const runner = new ConsumerRunner({ broker, pool, consumers, logger, lifecycle });
  lifecycle.onStart('consumers', () => runner.start());
}

/**
 * Runs a task from the start of the service to its stop. A failed run is logged and tried again after the pause. While the
 * database is held the task stands still, and counts as alive.
 */
export function repeat(
  {
    lifecycle,
    logger,
    restoreHold,
  }: Pick<Basis, 'lifecycle' | 'logger'> & {
    readonly restoreHold?: Pick<Basis['restoreHold'], 'isHeld'>;
  },
  task: RepeatedTask,
): void {
  const { name, everyMs, maxSilenceMs = Math.max(60_000, 3 * everyMs) } = task;
  const run = async (): Promise<boolean> => restoreHold?.isHeld !== true && task.run();
  lifecycle.onStart(name, async () => {
    const onError = (err: unknown): void => logger.warn({ err, task: name }, 'a run failed; it will be tried again');
    const periodic = new PeriodicTask({ everyMs, run, onError, signs: lifecycle.heartbeat(name, { maxSilenceMs }) });
    lifecycle.onStop('consumers', name, () => periodic.stop());
    periodic.start();
  });
}
