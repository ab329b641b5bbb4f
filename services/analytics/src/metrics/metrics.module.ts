import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { MetricsHttp } from './metrics.http.js';
import { MetricsStore } from './metrics.store.js';
import { ReadViralMetrics } from './viral-metrics.js';

@Module({
  providers: [
    {
      provide: ReadViralMetrics,
      useFactory: ({ pool }: Runtime) => new ReadViralMetrics(new MetricsStore(pool)),
      inject: [RUNTIME],
    },
  ],
  controllers: [MetricsHttp],
})
export class MetricsModule {}
