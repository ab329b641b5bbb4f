import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../../ledger/ledger.store.js';
import { measureSteps } from '../../payouts/payout-measures.module.js';
import { receiveReports } from '../../payouts/receive-reports.js';
import { WorkStore } from '../../payouts/work.store.js';
import { RUNTIME, type Runtime } from '../../runtime.js';
import { ReceiveStripeEvent } from './receive-stripe-event.js';
import { openTransferEvent } from './stripe-event.codec.js';
import { StripeEventsHttp } from './stripe-events.http.js';
import { lookAgainMsOf } from './stripe-rail.module.js';

function receiveStripeEvent(runtime: Runtime): ReceiveStripeEvent {
  const { pool, clock, config, outbox } = runtime;
  return new ReceiveStripeEvent({
    secret: config.STRIPE_WEBHOOK_SECRET,
    open: (payload, given) => openTransferEvent(payload, { ...given, lookAgainMs: lookAgainMsOf(config) }),
    receiveReport: async (report) => {
      const { applied, changed } = await inDatabaseTransaction(pool, (tx) =>
        receiveReports(new WorkStore(tx, { ledger: new LedgerStore(tx, runtime), outbox }), [report], clock.now()),
      );
      measureSteps(changed);
      return applied[0] !== undefined;
    },
    clock,
  });
}

/** The edge that Stripe sends events to. */
@Module({
  providers: [{ provide: ReceiveStripeEvent, useFactory: receiveStripeEvent, inject: [RUNTIME] }],
  controllers: [StripeEventsHttp],
})
export class StripeEventsModule {}
