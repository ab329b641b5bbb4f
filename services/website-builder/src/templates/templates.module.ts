import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { TEMPLATES, TemplatesHttp } from './templates.http.js';

@Module({
  providers: [{ provide: TEMPLATES, useFactory: ({ templates }: Runtime) => templates, inject: [RUNTIME] }],
  controllers: [TemplatesHttp],
})
export class TemplatesModule {}
