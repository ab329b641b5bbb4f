import { inDatabaseTransaction, Lease } from '@dailydoco/database';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { repeat } from '@dailydoco/service';
import { gauge } from '@dailydoco/telemetry';
import type { TenantId } from '../ids.js';
import type { Runtime } from '../runtime.js';
import { takeSnapshot } from './period.store.js';
import { sealPage } from './seal-journals.js';
import type { OwnBooks } from '../reconciliation/reconcile-tenant.js';
import { oldestUnsealedSeconds, sealBreaks, sealedTenants, SealStore } from './seal.store.js';

const oldestUnsealed = gauge('dailydoco_ledger_oldest_unsealed_age_seconds');

const KEEP_EVERY_MS = 5_000;
const LEASE_RETRY_MS = 5_000;
const MEASURE_EVERY_MS = 15_000;
/** How often all journals are looked at for one that committed too late for the quick look. */
const WHOLE_EVERY_MS = 3_600_000;

/** A month of a large tenant is summed up in one statement. */
const MAX_SILENCE_MS = 20 * 60_000;

type Keeping = Pick<Runtime, 'pool' | 'clock'>;

/** Seals what is not sealed, tenant by tenant. `whole` also finds what committed minutes after its recording. */
export async function sealAll(
  { pool, clock }: Keeping,
  { whole, signal, beat }: { whole: boolean; signal?: AbortSignal; beat?: () => void },
): Promise<void> {
  const drain = async (tenantId: TenantId, look: { whole: boolean }): Promise<void> => {
    let more = true;
    while (more && signal?.aborted !== true) {
      more = await inDatabaseTransaction(pool, (tx) => sealPage(new SealStore(tx, clock), tenantId, look));
      beat?.();
    }
  };
  for (const tenantId of await sealedTenants(pool)) {
    await drain(tenantId, { whole: false });
    // Only now, when it finds next to nothing: each of its pages begins at the oldest journal.
    if (whole) await drain(tenantId, { whole: true });
  }
}

/** One replica seals journals and sums closed periods up, as long as it holds the lease; each tells how far behind that is. */
export function keepLedger(runtime: Runtime): void {
  const { config, lifecycle } = runtime;
  repeat(runtime, {
    name: 'ledger-age',
    everyMs: MEASURE_EVERY_MS,
    run: async () => {
      oldestUnsealed.set(await oldestUnsealedSeconds(runtime.pool, runtime.clock.now()));
      return false;
    },
  });
  lifecycle.onStart('ledger', () => {
    const heartbeat = lifecycle.heartbeat('ledger', { maxSilenceMs: MAX_SILENCE_MS });
    const lease = Lease.hold({
      connectionString: config.DATABASE_URL,
      key: 'ledger',
      retryMs: LEASE_RETRY_MS,
      heartbeat,
      onHeld: (signal) => keepWhileHeld(runtime, { signal, beat: () => heartbeat.beat() }),
    });
    lifecycle.onStop('consumers', 'ledger', async () => {
      await lease.release();
      heartbeat.stop();
    });
    return Promise.resolve();
  });
}

async function keepWhileHeld(
  runtime: Runtime,
  { signal, beat }: { signal: AbortSignal; beat: () => void },
): Promise<void> {
  const { pool, clock, logger, restoreHold } = runtime;
  let wholeAt = 0;
  const task = new PeriodicTask({
    everyMs: KEEP_EVERY_MS,
    run: async () => {
      if (restoreHold.isHeld || signal.aborted) return false;
      const whole = performance.now() >= wholeAt;
      if (whole) wholeAt = performance.now() + WHOLE_EVERY_MS;
      await sealAll(runtime, { whole, signal, beat });
      return inDatabaseTransaction(pool, (tx) => takeSnapshot(tx, clock.now()));
    },
    onError: (err) => logger.warn({ err }, 'journals could not be sealed; they will be'),
    signs: { beat, stop: () => undefined },
  });
  task.start();
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  await task.stop();
}

/** The checks of reconciliation with those of the seals. */
export function withSeals({ pool, clock }: Keeping, books: OwnBooks): OwnBooks {
  return {
    purchasesBetween: (tenantId, range) => books.purchasesBetween(tenantId, range),
    breaksWithin: async (tenantId) => [
      ...(await books.breaksWithin(tenantId)),
      ...(await sealBreaks(pool, tenantId, clock.now())),
    ],
  };
}
