import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { ReadStanding } from './read-standing.js';
import { StandingGrpc } from './standing.grpc.js';
import { StandingHttp } from './standing.http.js';
import { StandingReadStore } from './standing-reads.store.js';

@Module({
  providers: [
    {
      provide: ReadStanding,
      useFactory: ({ pool }: Runtime) => new ReadStanding(new StandingReadStore(pool)),
      inject: [RUNTIME],
    },
  ],
  controllers: [StandingHttp, StandingGrpc],
})
export class StandingModule {}
