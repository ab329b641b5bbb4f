import { Lease } from '@dailydoco/database';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { repeat } from '@dailydoco/service';
import type { Runtime } from '../runtime.js';
import { reconcileAll } from './reconcile-all.js';
import { measureBreaks, reconcileAsked, reconciliation, reportDays } from './reconciliation.module.js';

/** A replica that lost its database waits this long before it tries for the lease of the reconciliation again. */
const LEASE_RETRY_MS = 5_000;
const MEASURE_EVERY_MS = 15_000;
const ASKED_EVERY_MS = 1_000;
const LONGEST_RUN_MS = 1_800_000;

/** What compares the books by itself: by lease again and again, when finance asks, and with it the daily reports. */
export function addReconciliation(runtime: Runtime): void {
  repeat(runtime, { name: 'break-age', everyMs: MEASURE_EVERY_MS, run: () => measureBreaks(runtime) });
  reconcileWhenAsked(runtime);
  runtime.lifecycle.onStart('reconciliation', async () => reconcileByLease(runtime));
}

/** Whichever replica is free compares the books of a tenant whose finance asks for it. */
function reconcileWhenAsked(runtime: Runtime): void {
  const stopping = new AbortController();
  runtime.lifecycle.onStop('consumers', 'asked-reconciliation', async () => stopping.abort());
  repeat(runtime, {
    name: 'asked-reconciliation',
    everyMs: ASKED_EVERY_MS,
    // A run reads whole tenants; each of its statements and calls has a limit of its own.
    maxSilenceMs: LONGEST_RUN_MS,
    run: () => reconcileAsked(runtime, stopping.signal),
  });
}

/** One replica reconciles, again and again, as long as it holds the lease. */
function reconcileByLease(runtime: Runtime): void {
  const { config, lifecycle, logger, restoreHold } = runtime;
  const heartbeat = lifecycle.heartbeat('reconciliation', {
    maxSilenceMs: 2 * config.RECONCILE_EVERY_MS + 60_000,
  });
  const lease = Lease.hold({
    connectionString: config.DATABASE_URL,
    key: 'reconciliation',
    retryMs: LEASE_RETRY_MS,
    heartbeat,
    onHeld: async (signal) => {
      const task = new PeriodicTask({
        everyMs: config.RECONCILE_EVERY_MS,
        run: async () => {
          if (!restoreHold.isHeld) await reconcileAndReport(runtime, signal);
          return false;
        },
        onError: (err) => logger.warn({ err }, 'reconciliation could not be run; it will be again'),
        signs: { beat: () => heartbeat.beat(), stop: () => undefined },
      });
      task.start();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      await task.stop();
    },
  });
  lifecycle.onStop('consumers', 'reconciliation', async () => {
    await lease.release();
    heartbeat.stop();
  });
}

async function reconcileAndReport(runtime: Runtime, signal: AbortSignal): Promise<void> {
  const runs = await reconcileAll(reconciliation(runtime), signal);
  if (signal.aborted) return;
  await reportDays(
    runtime,
    runs.map(({ tenantId }) => tenantId),
  );
}
