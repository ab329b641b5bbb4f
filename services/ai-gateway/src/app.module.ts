import { type DynamicModule, Module } from '@nestjs/common';
import { CompletionsModule } from './completions/completions.module.js';
import { ModelsModule } from './models/models.module.js';
import { RuntimeModule } from './runtime.module.js';
import type { Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [RuntimeModule.with(runtime), ModelsModule, CompletionsModule] };
  }
}
