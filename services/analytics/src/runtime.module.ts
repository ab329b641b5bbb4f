import { AUTHENTICATOR } from '@dailydoco/auth';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from './runtime.js';

/** Hands the runtime to every module. */
@Global()
@Module({})
export class RuntimeModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: RuntimeModule,
      providers: [
        { provide: RUNTIME, useValue: runtime },
        { provide: AUTHENTICATOR, useValue: runtime.authenticator },
      ],
      exports: [RUNTIME, AUTHENTICATOR],
    };
  }
}
