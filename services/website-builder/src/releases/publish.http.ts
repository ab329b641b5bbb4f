import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Controller, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asSiteId } from '../ids.js';
import { addressOf } from '../sites/site.js';
import { ownerOf, PUBLIC_BASE } from '../sites/site-view.http.js';
import { PublishSite } from './publish-site.js';

const publishedSchema = z
  .object({
    url: z.string().meta({ description: 'The public address.' }),
    version: z.int().meta({ description: '1, 2, … per site.' }),
    durationMs: z.int().meta({ description: 'How long the publishing took, in milliseconds.' }),
  })
  .meta({ id: 'PublishedSite' });

@Controller('v1/sites/:id/publish')
@Requires({ person: true })
export class PublishHttp {
  readonly #publish: PublishSite;
  readonly #publicBase: string;

  constructor(@Inject(PublishSite) publish: PublishSite, @Inject(PUBLIC_BASE) publicBase: string) {
    this.#publish = publish;
    this.#publicBase = publicBase;
  }

  @Post()
  @Answers(
    { 200: { description: 'What is served from now on.', schema: publishedSchema } },
    {
      summary: 'Publish a site',
      description: 'Renders the site as it is now into a new version, which takes the place of the last at once.',
      problems: ['SITE_UNKNOWN', 'USER_UNKNOWN'],
    },
  )
  async publish(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof publishedSchema>> {
    const answer = await this.#publish.publish(
      { owner: ownerOf(caller), siteId: asSiteId(id) },
      {
        call: { key, scope, requestHash: requestHash({}) },
        answer: ({ site, version, durationMs }) => ({
          status: 200,
          body: { url: addressOf(site, this.#publicBase), version, durationMs },
        }),
      },
    );
    return replyWith(reply, answer);
  }
}
