import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import {
  Answers,
  callerIdOf,
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
import { Body, Controller, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asLinkId, asTenantId, asUserId, type TenantId, type UserId } from '../ids.js';
import { LINK_BASE } from '../referrals/referrals.http.js';
import {
  campaignSchema,
  codeSchema,
  conversionsSchema,
  linkBody,
  linkSchema,
  type LinkView,
  toTerms,
  viewConversions,
  viewLink,
} from './link-view.http.js';
import { Links, type LinkReport } from './links.js';

const listQuery = pageQuerySchema.extend({ campaign: campaignSchema.optional() });
const position = z.strictObject({ id: uuidSchema });
const renameBody = z.strictObject({ code: codeSchema.optional() }).meta({ id: 'LinkCodeInput' });
const ownerBody = z
  .strictObject({
    ownerId: uuidSchema.meta({ description: 'A member of the tenant.' }),
    reason: z.string().trim().min(1).max(500).meta({ description: 'Why; kept with the change.' }),
  })
  .meta({ id: 'LinkOwnerInput' });

interface Replayable {
  readonly key: string | undefined;
  readonly scope: IdempotencyScope;
  readonly hashed: unknown;
}

@Controller('v1/links')
export class LinksHttp {
  readonly #links: Links;
  readonly #linkBase: string;

  constructor(@Inject(Links) links: Links, @Inject(LINK_BASE) linkBase: string) {
    this.#links = links;
    this.#linkBase = linkBase;
  }

  @Post()
  @Requires({ person: true })
  @Answers(
    { 201: { description: 'The link.', schema: linkSchema } },
    {
      summary: 'Make a link',
      description: 'A link of one’s own for one campaign. Its codes lead to it for ever, also when another is shown.',
      problems: ['USER_UNKNOWN', 'CODE_TAKEN', 'LINK_LIMIT_REACHED'],
    },
  )
  async add(
    @Body({ schema: linkBody }) body: z.output<typeof linkBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = { ...ownerOf(caller), terms: toTerms(body), code: body.code };
    return replyWith(reply, await this.#links.add(wanted, this.#answering(201, { key, scope, hashed: body })));
  }

  @Get()
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'One’s own links, newest first.', schema: pageSchema(linkSchema) } },
    { summary: 'List my links' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: LinkView[]; nextPageToken?: string }> {
    const { campaign, pageSize, pageToken } = query;
    const reports = await this.#links.list({
      ...ownerOf(caller),
      campaign,
      before: pageToken === undefined ? undefined : asLinkId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(reports, pageSize, ({ link: { id } }) => ({ id }));
    return { items: items.map((report) => this.#view(report)), ...rest };
  }

  @Get(':id')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The link and what came by it.', schema: linkSchema } },
    { summary: 'Read a link of mine', problems: ['NOT_FOUND'] },
  )
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<LinkView> {
    return this.#view(await this.#links.read({ ...ownerOf(caller), linkId: asLinkId(id) }));
  }

  @Get(':id/conversions')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'What came by it, and what was bought.', schema: conversionsSchema } },
    {
      summary: 'Read what a link of mine brought in',
      description:
        'Registrations, first purchases, and all purchases of those people so far, with what was given back.',
      problems: ['NOT_FOUND'],
    },
  )
  async conversions(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof conversionsSchema>> {
    return viewConversions(await this.#links.conversions({ ...ownerOf(caller), linkId: asLinkId(id) }));
  }

  @Post(':id/codes')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The link, with the code that is shown from now on.', schema: linkSchema } },
    {
      summary: 'Give a link another code',
      description: 'Those before go on leading to it. A code is never given twice.',
      problems: ['NOT_FOUND', 'CODE_TAKEN', 'LINK_LIMIT_REACHED'],
    },
  )
  async rename(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: renameBody }) body: z.output<typeof renameBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = { ...ownerOf(caller), linkId: asLinkId(id), code: body.code };
    return replyWith(reply, await this.#links.rename(wanted, this.#answering(200, { key, scope, hashed: body })));
  }

  @Post(':id/archive')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The link, archived.', schema: linkSchema } },
    { summary: 'Archive a link', description: 'It leads on, and counts on.', problems: ['NOT_FOUND'] },
  )
  async archive(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = { ...ownerOf(caller), linkId: asLinkId(id) };
    return replyWith(reply, await this.#links.archive(wanted, this.#answering(200, { key, scope, hashed: {} })));
  }

  @Put(':id/owner')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The link, with its owner.', schema: linkSchema } },
    {
      summary: 'Give a link to another member',
      description: 'What comes by it from now on is credited to them; what came before stays as it is.',
      problems: ['NOT_FOUND', 'USER_UNKNOWN', 'LINK_LIMIT_REACHED'],
    },
  )
  async give(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: ownerBody }) { ownerId, reason }: z.output<typeof ownerBody>,
    @Caller() caller: Principal,
  ): Promise<LinkView> {
    const { tenantId } = ownerOf(caller);
    const change = {
      tenantId,
      linkId: asLinkId(id),
      ownerId: asUserId(ownerId),
      reason,
      changedBy: callerIdOf(caller),
    };
    return this.#view(await this.#links.give(change));
  }

  #view(report: LinkReport): LinkView {
    return viewLink(report, this.#linkBase);
  }

  #answering(status: number, { key, scope, hashed }: Replayable) {
    return {
      call: { key, scope, requestHash: requestHash(hashed) },
      answer: (report: LinkReport) => ({ status, body: this.#view(report) }),
    };
  }
}

function ownerOf(caller: Principal): { tenantId: TenantId; ownerId: UserId } {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return { tenantId: asTenantId(caller.tenantId), ownerId: asUserId(caller.userId) };
}
