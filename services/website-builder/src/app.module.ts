import { type DynamicModule, Module } from '@nestjs/common';
import { ReleasesModule } from './releases/releases.module.js';
import { RuntimeModule } from './runtime.module.js';
import type { Runtime } from './runtime.js';
import { SitesModule } from './sites/sites.module.js';
import { TemplatesModule } from './templates/templates.module.js';

/** The service: one module per capability, on one runtime. */
@Module({})
export class AppModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: AppModule, imports: [RuntimeModule.with(runtime), TemplatesModule, SitesModule, ReleasesModule] };
  }
}
