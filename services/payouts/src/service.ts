import { keepRawBody } from '@dailydoco/http';
import {
  LedgerServiceService,
  MethodServiceService,
  PayoutServiceService,
  StandingServiceService,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { accessConsumer, addConsumers, addRelay, buildEdges, repeat, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { addBankFileWork } from './bank-files/bank-files.module.js';
import { acceptFiles } from './bank-files/file-body.http.js';
import { disputesConsumer } from './disputes/disputes.consumer.js';
import { keepLedger } from './ledger/keep-ledger.module.js';
import { migrationSources } from './migrations.js';
import { notifying, sendNotifications } from './notifications/notifications.module.js';
import { addPayoutWork } from './payouts/payout-work.module.js';
import { moneyEventsConsumer } from './purchases/money-events.consumer.js';
import { STRIPE_EVENTS_PATH } from './rails/stripe/stripe-events.http.js';
import { addUsdcWallet } from './rails/usdc/usdc-wallet.module.js';
import { addReconciliation } from './reconciliation/reconcile-work.module.js';
import type { Runtime } from './runtime.js';
import { addSchedules } from './schedules/schedules.module.js';
import { rescreen } from './screening/screening.module.js';
import { standingConsumer } from './standing/standing.consumer.js';

/** A new version of a list tells of people who were screened before within this long. */
const RESCREEN_EVERY_MS = 30_000;

/**
 * Puts the service together: edges, relay, consumers, schedulers, each registered with the lifecycle, whose `start`
 * and `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP and gRPC. */
export function createEdges(runtime: Runtime): Promise<Service> {
  return buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    grpcServices: [LedgerServiceService, PayoutServiceService, MethodServiceService, StandingServiceService],
    plugins: (fastify) => {
      acceptFiles(fastify, '/v1/bank-files');
      keepRawBody(fastify, STRIPE_EVENTS_PATH);
    },
  });
}

/** The part that works on its own: relay, consumers, the way to the rail, reconciliation. */
export function addBackground(runtime: Runtime): void {
  addRelay(runtime);
  addConsumers(runtime, [
    accessConsumer(runtime),
    standingConsumer(),
    disputesConsumer(),
    moneyEventsConsumer(runtime),
    notifying(runtime),
  ]);
  sendNotifications(runtime);
  addPayoutWork(runtime);
  addUsdcWallet(runtime);
  addBankFileWork(runtime);
  addSchedules(runtime);
  keepLedger(runtime);
  repeat(runtime, { name: 'screening', everyMs: RESCREEN_EVERY_MS, run: () => rescreen(runtime) });
  addReconciliation(runtime);
}
