import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { CommissionStore } from './commission.store.js';
import { CommissionsHttp } from './commissions.http.js';
import { FindCommissions } from './find-commissions.js';

@Module({
  providers: [
    {
      provide: FindCommissions,
      useFactory: ({ pool, prisma }: Runtime) => new FindCommissions(new CommissionStore(pool, prisma)),
      inject: [RUNTIME],
    },
  ],
  controllers: [CommissionsHttp],
})
export class CommissionsModule {}
