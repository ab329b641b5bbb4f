import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import type { Template, TemplateCatalogue } from './template.js';

/** Where Nest finds the templates. */
export const TEMPLATES = Symbol('TEMPLATES');

const templateSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    texts: z
      .object({ headline: z.string(), body: z.string(), buttonText: z.string() })
      .meta({ description: 'What a page says where its owner wrote nothing.' }),
  })
  .meta({ id: 'Template' });

@Controller('v1/templates')
@Requires({ person: true })
export class TemplatesHttp {
  readonly #templates: Pick<TemplateCatalogue, 'list'>;

  constructor(@Inject(TEMPLATES) templates: Pick<TemplateCatalogue, 'list'>) {
    this.#templates = templates;
  }

  @Get()
  @Answers(
    { 200: { description: 'All templates, by id.', schema: z.object({ items: z.array(templateSchema) }) } },
    { summary: 'List the templates that sites are made from' },
  )
  list(): { items: Template[] } {
    return { items: [...this.#templates.list()] };
  }
}
