import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { CompletionsModule } from './completions/completions.module.js';
import { ModelsModule } from './models/models.module.js';
import { RUNTIME, type Runtime } from './runtime.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [runtimeModule(RUNTIME, runtime), ModelsModule, CompletionsModule] };
  }
}
