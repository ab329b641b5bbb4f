import { Requires } from '@dailydoco/auth';
import { Answers } from '@dailydoco/http';
import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { type Model, ModelRoutes } from './model-routes.js';

const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int().meta({ description: 'Seconds since 1970; 0 when nobody knows.' }),
    owned_by: z.string().meta({ description: 'The provider that answers for it.' }),
  })
  .meta({ id: 'AiModel' });

const modelListSchema = z.object({ object: z.literal('list'), data: z.array(modelSchema) }).meta({ id: 'AiModelList' });

@Controller('ai/v1/models')
export class ModelsHttp {
  readonly #routes: ModelRoutes;

  constructor(@Inject(ModelRoutes) routes: ModelRoutes) {
    this.#routes = routes;
  }

  @Get()
  @Requires({ person: true, apiKey: { scopes: ['ai:invoke'] } })
  @Answers(
    { 200: { description: 'Every model that may be asked.', schema: modelListSchema } },
    { summary: 'List models' },
  )
  list(): z.infer<typeof modelListSchema> {
    return { object: 'list', data: this.#routes.list().map(viewModel) };
  }
}

function viewModel({ id, createdSeconds, ownedBy }: Model): z.infer<typeof modelSchema> {
  return { id, object: 'model', created: createdSeconds, owned_by: ownedBy };
}
