import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { AdjustLedger } from './adjust-ledger.js';
import { AdjustmentReadStore, AdjustmentStore } from './adjustment.store.js';
import { AdjustmentsHttp } from './adjustments.http.js';
import { BalancesHttp } from './balances.http.js';
import { ClosePeriods } from './close-period.js';
import { EarlierBooksStore } from './earlier-books.store.js';
import { ExportLedger } from './export-ledger.js';
import { ExportHttp } from './export.http.js';
import { ExportStore } from './export.store.js';
import { FindJournal } from './find-journal.js';
import { JournalsHttp } from './journals.http.js';
import { LedgerReadStore } from './ledger-reads.store.js';
import { LedgerGrpc } from './ledger.grpc.js';
import { LedgerHttp } from './ledger.http.js';
import { LedgerStore } from './ledger.store.js';
import { PeriodReadStore, PeriodStore } from './period.store.js';
import { PeriodsHttp } from './periods.http.js';
import { ReadLedger } from './read-ledger.js';

function readLedger({ pool, clock }: Runtime): ReadLedger {
  return new ReadLedger(new LedgerReadStore(pool), new EarlierBooksStore(pool), clock);
}

function adjustLedger(runtime: Runtime): AdjustLedger {
  const { pool, idempotency, clock, newId } = runtime;
  return new AdjustLedger({
    once: (call, work) =>
      idempotency.run(pool, call, (tx) => work(new AdjustmentStore(tx, new LedgerStore(tx, runtime)))),
    reads: new AdjustmentReadStore(pool),
    clock,
    newId,
  });
}

function closePeriods({ pool, idempotency, clock }: Runtime): ClosePeriods {
  return new ClosePeriods({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new PeriodStore(tx))),
    reads: new PeriodReadStore(pool),
    clock,
  });
}

@Module({
  providers: [
    { provide: ReadLedger, useFactory: readLedger, inject: [RUNTIME] },
    { provide: AdjustLedger, useFactory: adjustLedger, inject: [RUNTIME] },
    { provide: ClosePeriods, useFactory: closePeriods, inject: [RUNTIME] },
    {
      provide: ExportLedger,
      useFactory: ({ pool }: Runtime) => new ExportLedger(new ExportStore(pool)),
      inject: [RUNTIME],
    },
    {
      provide: FindJournal,
      useFactory: ({ pool }: Runtime) => new FindJournal(new ExportStore(pool)),
      inject: [RUNTIME],
    },
  ],
  controllers: [BalancesHttp, LedgerHttp, AdjustmentsHttp, PeriodsHttp, ExportHttp, JournalsHttp, LedgerGrpc],
})
export class LedgerModule {}
