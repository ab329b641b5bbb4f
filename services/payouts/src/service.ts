import { Lease } from '@dailydoco/database';
import { keepRawBody } from '@dailydoco/http';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { accessConsumer, addConsumers, addRelay, buildEdges, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { migrationSources } from './migrations.js';
import { addPayoutWork } from './payouts/payout-work.module.js';
import { moneyEventsConsumer } from './purchases/money-events.consumer.js';
import { STRIPE_EVENTS_PATH } from './rails/stripe/stripe-events.http.js';
import { reconcileAll } from './reconciliation/reconcile-all.js';
import { reconciliation } from './reconciliation/reconciliation.module.js';
import type { Runtime } from './runtime.js';
import { standingConsumer } from './standing/standing.consumer.js';

/** A replica that lost its database waits this long before it tries for the lease of the reconciliation again. */
const LEASE_RETRY_MS = 5_000;

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
  return buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    plugins: (fastify) => keepRawBody(fastify, STRIPE_EVENTS_PATH),
  });
}

/** The part that works on its own: relay, consumers, the way to the rail, reconciliation. */
export function addBackground(runtime: Runtime): void {
  const { lifecycle } = runtime;
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime), standingConsumer(), moneyEventsConsumer(runtime)]);
  addPayoutWork(runtime);
  lifecycle.onStart('reconciliation', async () => reconcileByLease(runtime));
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
          if (!restoreHold.isHeld) await reconcileAll(reconciliation(runtime), signal);
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
