import { createHash } from 'node:crypto';
import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
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
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asTenantId, asUserId, type TenantId } from '../ids.js';
import { reasonSchema } from '../plain-text.http.js';
import { HIT_STATUSES, type HitCase } from './hit-case.js';
import { Screening } from './hits.js';
import { LIST_FORMATS, readListFile } from './list-file.adapter.js';
import type { ListVersion } from './lists.js';
import { LIST_KINDS } from './sanctions-list.js';

const slugSchema = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be lower-case letters, digits and _, a letter first')
  .meta({ description: 'Names the list from version to version.' });
const kindSchema = z.enum(LIST_KINDS).meta({ description: 'Of which kind its hits are: sanctions_hit or pep_hit.' });
const timeSchema = z.string().meta({ format: 'date-time' });

const listBody = z
  .strictObject({
    list: slugSchema,
    kind: kindSchema,
    format: z.enum(LIST_FORMATS).meta({
      description:
        'csv: with a header that names name, and of aliases (parted by ;), birthDate, country, program, id what there is. ofac_csv: SDN.CSV as published. ofac_xml: SDN.XML as published.',
    }),
    content: z.string().meta({ description: 'The file.' }),
    aliases: z.string().optional().meta({ description: 'ALT.CSV as published, of ofac_csv alone.' }),
    reason: reasonSchema,
  })
  .meta({ id: 'ScreeningListInput' });

const listSchema = z
  .object({
    list: z.string(),
    owner: z.enum(['tenant', 'installation']).meta({ description: 'Those of the installation hold for every tenant.' }),
    version: z.int(),
    kind: kindSchema,
    entries: z.int().meta({ description: '0: out of force.' }),
    reason: z.string(),
    uploadedBy: z.string(),
    uploadedAt: timeSchema,
  })
  .meta({ id: 'ScreeningList' });

const hitSchema = z
  .object({
    id: uuidSchema,
    personId: uuidSchema,
    kind: kindSchema,
    list: z.string(),
    entryName: z.string(),
    program: z.string().optional(),
    score: z.int().min(0).max(100),
    status: z.enum(HIT_STATUSES),
    current: z.boolean().meta({
      description: 'Whether the person matches the entry now: not so after the lists or the person’s names changed.',
    }),
    foundAt: timeSchema,
    decision: z.object({ reason: z.string(), decidedBy: z.string(), decidedAt: timeSchema }).nullable(),
  })
  .meta({ id: 'ScreeningHit', description: 'A person and an entry of a list that are alike by name.' });

const decisionBody = z
  .strictObject({
    decision: z.enum(['cleared', 'confirmed']).meta({
      description: 'cleared: another person; stops nothing until either changes. confirmed: the very person.',
    }),
    reason: reasonSchema,
  })
  .meta({ id: 'ScreeningDecisionInput' });

const withdrawBody = z.strictObject({ reason: reasonSchema }).meta({ id: 'ScreeningListWithdrawalInput' });
const hitsQuery = pageQuerySchema.extend({ status: z.enum(HIT_STATUSES).default('open') });
const position = z.strictObject({ id: uuidSchema });
const listParameter = slugSchema;

type ListView = z.infer<typeof listSchema>;
type HitView = z.infer<typeof hitSchema>;

@Controller('v1/screening')
@Requires({ person: { roles: ['finance', 'support'] } })
export class ScreeningHttp {
  readonly #screening: Screening;

  constructor(@Inject(Screening) screening: Screening) {
    this.#screening = screening;
  }

  @Get('lists')
  @Answers(
    {
      200: {
        description: 'The last version of each.',
        schema: z.object({ items: z.array(listSchema) }).meta({ id: 'ScreeningLists' }),
      },
    },
    { summary: 'Show the lists that people are screened by' },
  )
  async lists(@Caller() caller: Principal): Promise<{ items: ListView[] }> {
    const tenantId = asTenantId(tenantOf(caller));
    return { items: (await this.#screening.lists(tenantId)).map((version) => viewList(version, tenantId)) };
  }

  @Post('lists')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The version in force now.', schema: listSchema } },
    {
      summary: 'Upload a list',
      description:
        'Takes the place of its version before; everybody who was screened is screened again. The very file again changes nothing. Larger files than a request may be are uploaded by command.',
    },
  )
  async upload(
    @Body({ schema: listBody }) body: z.output<typeof listBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { list, kind, reason, format, content, aliases } = body;
    const entries = readListFile({ format, content, aliases });
    const fileDigest = createHash('sha256')
      .update(content)
      .update('\0')
      .update(aliases ?? '')
      .digest('hex');
    const tenantId = asTenantId(tenantOf(caller));
    const answer = await this.#screening.put(
      { tenantId, list, kind, entries, fileDigest, reason, uploadedBy: callerIdOf(caller) },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (version) => ({ status: 200, body: viewList(version, tenantId) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Post('lists/:list/withdraw')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The list, out of force.', schema: listSchema } },
    { summary: 'Take a list of the own tenant out of force', problems: ['NOT_FOUND'] },
  )
  async withdraw(
    @Param('list', { schema: listParameter }) list: string,
    @Body({ schema: withdrawBody }) body: z.output<typeof withdrawBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const tenantId = asTenantId(tenantOf(caller));
    const known = (await this.#screening.lists(tenantId)).find(
      (each) => each.list === list && each.tenantId === tenantId,
    );
    if (known === undefined) throw new DomainError('NOT_FOUND');
    const { kind } = known;
    const answer = await this.#screening.put(
      { tenantId, list, kind, entries: [], fileDigest: '', reason: body.reason, uploadedBy: callerIdOf(caller) },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (version) => ({ status: 200, body: viewList(version, tenantId) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get('hits')
  @Answers(
    { 200: { description: 'Hits of the status, oldest first.', schema: pageSchema(hitSchema) } },
    { summary: 'List who matches whom' },
  )
  async hits(
    @Query({ schema: hitsQuery }) query: z.output<typeof hitsQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: HitView[]; nextPageToken?: string }> {
    const { status, pageSize, pageToken } = query;
    const hits = await this.#screening.hits({
      tenantId: asTenantId(tenantOf(caller)),
      status,
      after: pageToken === undefined ? undefined : decodePageToken(pageToken, position).id,
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(hits, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewHit), ...rest };
  }

  @Post('hits/:id/decide')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The hit as it was decided.', schema: hitSchema } },
    {
      summary: 'Decide whether the person is the one on the list',
      description:
        'One decision for the match and for every payout that waits for it. cleared: they go on where nothing else speaks against them. confirmed: the person’s payouts that no rail has been told of have failed, and their amounts are available again. May be decided otherwise later; every decision is kept. Nobody decides about themselves, or about payouts that they have asked for.',
      problems: ['NOT_FOUND', 'FORBIDDEN', 'SELF_APPROVAL'],
    },
  )
  async decide(
    @Param('id', { schema: uuidSchema }) hitId: string,
    @Body({ schema: decisionBody }) body: z.output<typeof decisionBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
    const decidedBy = { userId: asUserId(caller.userId), callerId: callerIdOf(caller) };
    const answer = await this.#screening.decide(
      { tenantId: asTenantId(caller.tenantId), hitId, ...body, decidedBy },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (hit) => ({ status: 200, body: viewHit(hit) }),
      },
    );
    return replyWith(reply, answer);
  }
}

function viewList(version: ListVersion, tenantId: TenantId): ListView {
  const { list, kind, entries, reason, uploadedBy, uploadedAt } = version;
  const owner = version.tenantId === tenantId ? 'tenant' : 'installation';
  return {
    list,
    owner,
    version: version.version,
    kind,
    entries,
    reason,
    uploadedBy,
    uploadedAt: uploadedAt.toISOString(),
  };
}

function viewHit({ isCurrent, foundAt, decided, ...hit }: HitCase): HitView {
  const decision =
    decided === undefined
      ? null
      : { reason: decided.reason, decidedBy: decided.by, decidedAt: decided.at.toISOString() };
  return { ...hit, current: isCurrent, foundAt: foundAt.toISOString(), decision };
}
