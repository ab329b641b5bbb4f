import { runtimeModule } from '@dailydoco/service';
import { type DynamicModule, Module } from '@nestjs/common';
import { ReleasesModule } from './releases/releases.module.js';
import { RUNTIME, type Runtime } from './runtime.js';
import { SitesModule } from './sites/sites.module.js';
import { TemplatesModule } from './templates/templates.module.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [runtimeModule(RUNTIME, runtime), TemplatesModule, SitesModule, ReleasesModule],
    };
  }
}
