import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf } from '@dailydoco/http';
import { Body, Controller, Get, Inject, Put } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId } from '../ids.js';
import { Links } from './links.js';

const MOST_ORIGINS = 50;

const originsBody = z
  .strictObject({
    origins: z
      .array(z.string().max(200))
      .max(MOST_ORIGINS)
      .meta({ description: 'Scheme, host and port, such as https://shop.example; https but on one’s own machine.' }),
  })
  .meta({ id: 'LandingOriginsInput' });

const originsSchema = z
  .object({
    origins: z.array(z.string()).meta({ description: 'With that of the installation’s landing page, always allowed.' }),
  })
  .meta({ id: 'LandingOrigins', description: 'Where links of the tenant may lead.' });

type Origins = z.infer<typeof originsSchema>;

@Controller('v1/landing-origins')
@Requires({ person: { roles: ['admin'] } })
export class LandingOriginsHttp {
  readonly #links: Links;

  constructor(@Inject(Links) links: Links) {
    this.#links = links;
  }

  @Get()
  @Answers(
    { 200: { description: 'Where links may lead.', schema: originsSchema } },
    { summary: 'List where links may lead' },
  )
  async read(@Caller() caller: Principal): Promise<Origins> {
    return { origins: await this.#links.origins(asTenantId(tenantOf(caller))) };
  }

  @Put()
  @Answers(
    { 200: { description: 'Where links may lead now.', schema: originsSchema } },
    {
      summary: 'Say where links may lead',
      description: 'A link to a page that is allowed no more leads to the landing page of the installation.',
    },
  )
  async change(
    @Body({ schema: originsBody }) { origins }: z.output<typeof originsBody>,
    @Caller() caller: Principal,
  ): Promise<Origins> {
    const tenantId = asTenantId(tenantOf(caller));
    return { origins: await this.#links.allowOrigins({ tenantId, origins, changedBy: callerIdOf(caller) }) };
  }
}
