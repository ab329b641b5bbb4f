import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, uuidSchema } from '@dailydoco/http';
import { Controller, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asSiteId } from '../ids.js';
import { WriteKeys } from '../write-keys/write-keys.js';
import { ownerOf } from './site-view.http.js';
import { Sites } from './sites.js';

const writeKeySchema = z
  .object({
    id: z.uuid(),
    key: z.string().meta({ description: 'The key itself, dd_site_…; it is shown this once and cannot be read again.' }),
  })
  .meta({ id: 'NewSiteWriteKey' });

@Controller('v1/sites/:id/write-keys')
@Requires({ person: true })
export class SiteWriteKeysHttp {
  readonly #sites: Sites;
  readonly #writeKeys: WriteKeys;

  constructor(@Inject(Sites) sites: Sites, @Inject(WriteKeys) writeKeys: WriteKeys) {
    this.#sites = sites;
    this.#writeKeys = writeKeys;
  }

  @Post()
  @Answers(
    { 201: { description: 'The new key.', schema: writeKeySchema } },
    {
      summary: 'Make a write key for a site',
      description:
        'Allows writing events of this site from pages elsewhere, nothing else. An Idempotency-Key has no meaning here: the key would have to be kept to be shown again.',
      problems: ['SITE_UNKNOWN'],
    },
  )
  async make(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof writeKeySchema>> {
    const owner = ownerOf(caller);
    const site = await this.#sites.ownSite(owner, asSiteId(id));
    reply.header('cache-control', 'no-store');
    return this.#writeKeys.make({ tenantId: site.tenantId, siteId: site.id, createdBy: owner.ownerId });
  }
}
