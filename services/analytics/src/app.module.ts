import { type DynamicModule, Module } from '@nestjs/common';
import { EventsModule } from './events/events.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { RuntimeModule } from './runtime.module.js';
import type { Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [RuntimeModule.with(runtime), EventsModule, MetricsModule] };
  }
}
