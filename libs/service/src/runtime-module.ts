import { AUTHENTICATOR, type Authenticator } from '@dailydoco/auth';
import { type DynamicModule, Module } from '@nestjs/common';

@Module({})
class RuntimeModule {}

/** Hands a service's runtime to every one of its modules, under the service's own token, and the authenticator to its edges. */
export function runtimeModule(token: symbol, runtime: { readonly authenticator: Authenticator }): DynamicModule {
  return {
    module: RuntimeModule,
    global: true,
    providers: [
      { provide: token, useValue: runtime },
      { provide: AUTHENTICATOR, useValue: runtime.authenticator },
    ],
    exports: [token, AUTHENTICATOR],
  };
}
