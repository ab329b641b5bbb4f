import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { BalancesHttp } from './balances.http.js';
import { LedgerReadStore } from './ledger-reads.store.js';
import { LedgerHttp } from './ledger.http.js';
import { ReadLedger } from './read-ledger.js';

@Module({
  providers: [
    {
      provide: ReadLedger,
      useFactory: ({ pool }: Runtime) => new ReadLedger(new LedgerReadStore(pool)),
      inject: [RUNTIME],
    },
  ],
  controllers: [BalancesHttp, LedgerHttp],
})
export class LedgerModule {}
