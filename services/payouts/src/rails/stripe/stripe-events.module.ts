import { inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../../ledger/ledger.store.js';
import { receiveReports } from '../../payouts/receive-reports.js';
import { WorkStore } from '../../payouts/work.store.js';
import { RUNTIME, type Runtime } from '../../runtime.js';
import { ReceiveStripeEvent } from './receive-stripe-event.js';
import { openTransferEvent } from './stripe-event.codec.js';
import { StripeEventsHttp } from './stripe-events.http.js';

const steps = counter('dailydoco_payout_steps_total');

function receiveStripeEvent(runtime: Runtime): ReceiveStripeEvent {
  const { pool, clock, config, outbox } = runtime;
  return new ReceiveStripeEvent({
    secret: config.STRIPE_WEBHOOK_SECRET,
    open: openTransferEvent,
    receiveReport: async (report) => {
      const { applied, changed } = await inDatabaseTransaction(pool, (tx) =>
        receiveReports(new WorkStore(tx, { ledger: new LedgerStore(tx, runtime), outbox }), [report], clock.now()),
      );
      for (const { status: step } of changed) steps.add(1, { step });
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
