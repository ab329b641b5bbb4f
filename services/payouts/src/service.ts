import { accessConsumer, addConsumers, addRelay, buildEdges, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { addBankFileWork } from './bank-files/bank-files.module.js';
import { acceptFiles } from './bank-files/file-body.http.js';
import { migrationSources } from './migrations.js';
import { addPayoutWork } from './payouts/payout-work.module.js';
import { moneyEventsConsumer } from './purchases/money-events.consumer.js';
import { addReconciliation } from './reconciliation/reconcile-work.module.js';
import type { Runtime } from './runtime.js';
import { standingConsumer } from './standing/standing.consumer.js';

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
    plugins: (fastify) => acceptFiles(fastify, '/v1/bank-files'),
  });
}

/** The part that works on its own: relay, consumers, the way to the rail, reconciliation. */
export function addBackground(runtime: Runtime): void {
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime), standingConsumer(), moneyEventsConsumer(runtime)]);
  addPayoutWork(runtime);
  addBankFileWork(runtime);
  addReconciliation(runtime);
}
