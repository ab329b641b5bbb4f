import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { ModelRoutes } from './model-routes.js';
import { ModelsHttp } from './models.http.js';

@Module({
  providers: [{ provide: ModelRoutes, useFactory: ({ routes }: Runtime) => routes, inject: [RUNTIME] }],
  controllers: [ModelsHttp],
})
export class ModelsModule {}
