import { inDatabaseTransaction, Lease } from '@dailydoco/database';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { accessConsumer, addConsumers, addRelay, buildEdges, repeat, type Service } from '@dailydoco/service';
import { counter, gauge } from '@dailydoco/telemetry';
import { AppModule } from './app.module.js';
import { LedgerStore } from './ledger/ledger.store.js';
import { migrationSources } from './migrations.js';
import { claimPayouts, oldestUnsettledSeconds, PayoutStore } from './payouts/payout.store.js';
import { submitPayouts } from './payouts/submit-payouts.js';
import { moneyEventsConsumer } from './purchases/money-events.consumer.js';
import { reconcileAll } from './reconciliation/reconcile-all.js';
import { measureBreaks, reconcileAsked, reconciliation, reportDays } from './reconciliation/reconciliation.module.js';
import type { Runtime } from './runtime.js';
import { standingConsumer } from './standing/standing.consumer.js';

/** A replica that lost its database waits this long before it tries for the lease of the reconciliation again. */
const LEASE_RETRY_MS = 5_000;

const steps = counter('dailydoco_payout_steps_total');
const oldestUnsettled = gauge('dailydoco_payouts_oldest_unsettled_age_seconds');
const MEASURE_EVERY_MS = 15_000;
const ASKED_EVERY_MS = 1_000;
const LONGEST_RUN_MS = 1_800_000;

/**
 * Puts the service together: edges, relay, consumers, schedulers, each registered with the lifecycle, whose `start`
 * and `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, and gRPC's health. */
export function createEdges(runtime: Runtime): Promise<Service> {
  return buildEdges(runtime, { module: AppModule.with(runtime), migrations: migrationSources });
}

/** The part that works on its own: relay, consumers, the way to the rail, reconciliation. */
export function addBackground(runtime: Runtime): void {
  const { config, lifecycle } = runtime;
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime), standingConsumer(), moneyEventsConsumer(runtime)]);
  repeat(runtime, { name: 'payouts', everyMs: config.PAYOUT_WORK_EVERY_MS, run: () => submit(runtime) });
  repeat(runtime, { name: 'payout-age', everyMs: MEASURE_EVERY_MS, run: () => measureAge(runtime) });
  repeat(runtime, { name: 'break-age', everyMs: MEASURE_EVERY_MS, run: () => measureBreaks(runtime) });
  reconcileWhenAsked(runtime);
  lifecycle.onStart('reconciliation', async () => reconcileByLease(runtime));
}

/** One round of what is due for the rail. */
function submit({ pool, outbox, rail, clock, logger, ...tools }: Runtime): Promise<boolean> {
  return submitPayouts({
    claim: (now, limit) => inDatabaseTransaction(pool, (tx) => claimPayouts(tx, { now, limit })),
    rail,
    inTransaction: (work) =>
      inDatabaseTransaction(pool, (tx) =>
        work(new PayoutStore(tx, { ledger: new LedgerStore(tx, { ...tools, clock }), outbox })),
      ),
    clock,
    taken: (step) => steps.add(1, { step }),
    failed: ({ id }, err) => logger.warn({ err, payoutId: id }, 'the rail gave no answer; it will be asked again'),
  });
}

/** How long somebody has been waiting for money. */
async function measureAge({ pool, clock }: Runtime): Promise<boolean> {
  oldestUnsettled.set(await oldestUnsettledSeconds(pool, clock.now()));
  return false;
}

async function reconcileAndReport(runtime: Runtime, signal: AbortSignal): Promise<void> {
  const runs = await reconcileAll(reconciliation(runtime), signal);
  if (signal.aborted) return;
  await reportDays(
    runtime,
    runs.map(({ tenantId }) => tenantId),
  );
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
