import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asSiteId, asSlug, asTemplateId } from '../ids.js';
import {
  newSiteSchema,
  ownerOf,
  PUBLIC_BASE,
  siteBody,
  siteSchema,
  type SiteView,
  viewNewSite,
  viewSite,
} from './site-view.http.js';
import { Sites } from './sites.js';

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/sites')
@Requires({ person: true })
export class SitesHttp {
  readonly #sites: Sites;
  readonly #publicBase: string;

  constructor(@Inject(Sites) sites: Sites, @Inject(PUBLIC_BASE) publicBase: string) {
    this.#sites = sites;
    this.#publicBase = publicBase;
  }

  @Post()
  @Answers(
    { 201: { description: 'The site, not published yet.', schema: newSiteSchema } },
    { summary: 'Make a site from a template', problems: ['SLUG_TAKEN'] },
  )
  async create(
    @Body({ schema: siteBody }) body: z.output<typeof siteBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { slug, templateId, name, content } = body;
    const answer = await this.#sites.create(
      {
        ...ownerOf(caller),
        name,
        templateId: asTemplateId(templateId),
        slug: slug === undefined ? undefined : asSlug(slug),
        content,
      },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (site) => ({ status: 201, body: viewNewSite(site) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Answers(
    { 200: { description: 'Your sites in the order of their making.', schema: pageSchema(siteSchema) } },
    { summary: 'List your sites' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: SiteView[]; nextPageToken?: string }> {
    const after = query.pageToken === undefined ? undefined : decodePageToken(query.pageToken, position).id;
    // One more than asked for tells whether there is a next page.
    const sites = await this.#sites.list(ownerOf(caller), {
      after: after === undefined ? undefined : asSiteId(after),
      limit: query.pageSize + 1,
    });
    return page(
      sites.map((site) => viewSite(site, this.#publicBase)),
      query.pageSize,
      ({ id }) => ({ id }),
    );
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The site.', schema: siteSchema } },
    { summary: 'Read one of your sites', problems: ['SITE_UNKNOWN'] },
  )
  async one(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<SiteView> {
    return viewSite(await this.#sites.ownSite(ownerOf(caller), asSiteId(id)), this.#publicBase);
  }
}
