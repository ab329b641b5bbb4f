import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
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
  timestampSchema,
} from '@dailydoco/http';
import { DomainError } from '@dailydoco/errors';
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPlanId, asTenantId } from '../ids.js';
import type { PlanCatalogue } from './plan.js';
import { planIdSchema, planInputShape, toTerms } from './plan-input.http.js';
import { planSchema, planVersionSchema, type PlanView, viewPlans, viewPlanVersion } from './plan-view.http.js';
import { Plans } from './plans.js';

const planBody = z
  .strictObject({
    ...planInputShape,
    effectiveFrom: timestampSchema.optional().meta({ description: 'When it takes effect; now if it is left out.' }),
  })
  .meta({ id: 'PlanInput' });

const defaultBody = z.strictObject({ planId: planIdSchema }).meta({ id: 'DefaultPlanInput' });
const position = z.strictObject({ id: z.string() });

@Controller('v1/plans')
@Requires({ person: { roles: ['admin'] } })
export class PlansHttp {
  readonly #plans: Plans;

  constructor(@Inject(Plans) plans: Plans) {
    this.#plans = plans;
  }

  @Get()
  @Answers(
    { 200: { description: 'Plans by id, each with its versions.', schema: pageSchema(planSchema) } },
    { summary: 'List plans' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: PlanView[]; nextPageToken?: string }> {
    const after = query.pageToken === undefined ? '' : decodePageToken(query.pageToken, position).id;
    const plans = viewPlans(await this.#plans.read(asTenantId(tenantOf(caller))));
    return page(
      plans.filter(({ id }) => id > after),
      query.pageSize,
      ({ id }) => ({ id }),
    );
  }

  @Post()
  @Answers(
    { 201: { description: 'The new version.', schema: planVersionSchema } },
    {
      summary: 'Add a plan, or a new version of one',
      description: 'Versions never change: another rate is another version, and none takes effect in the past.',
      problems: ['PLAN_OVERLAP', 'PLAN_EFFECTIVE_IN_PAST'],
    },
  )
  async add(
    @Body({ schema: planBody }) body: z.output<typeof planBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { effectiveFrom, ...terms } = body;
    const answer = await this.#plans.add(
      { ...toTerms(terms), effectiveFrom },
      {
        tenantId: asTenantId(tenantOf(caller)),
        changedBy: callerIdOf(caller),
        call: { key, scope, requestHash: requestHash(body) },
        answer: (version) => ({ status: 201, body: viewPlanVersion(version) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Post(':id/archive')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The plan, archived.', schema: planSchema } },
    {
      summary: 'Archive a plan',
      description:
        'It decides no purchase that occurs from now on; a new version takes it up again. The default plan cannot be archived.',
      problems: ['NOT_FOUND', 'CONFLICT'],
    },
  )
  async archive(
    @Param('id', { schema: planIdSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#plans.archive(asPlanId(id), {
      tenantId: asTenantId(tenantOf(caller)),
      changedBy: callerIdOf(caller),
      call: { key, scope, requestHash: requestHash({ id }) },
      answer: (catalogue) => ({ status: 200, body: viewOne(catalogue, id) }),
    });
    return replyWith(reply, answer);
  }

  @Put('default')
  @Answers(
    { 200: { description: 'The plan, now the default.', schema: planSchema } },
    {
      summary: 'Choose the default plan',
      description:
        'It takes every purchase whose product tag and stream no other plan names, for purchases recorded from now on.',
      problems: ['NOT_FOUND', 'CONFLICT'],
    },
  )
  async changeDefault(
    @Body({ schema: defaultBody }) body: z.output<typeof defaultBody>,
    @Caller() caller: Principal,
  ): Promise<PlanView> {
    const catalogue = await this.#plans.changeDefault(asPlanId(body.planId), {
      tenantId: asTenantId(tenantOf(caller)),
      changedBy: callerIdOf(caller),
    });
    return viewOne(catalogue, body.planId);
  }
}

function viewOne(catalogue: PlanCatalogue, planId: string): PlanView {
  const plan = viewPlans(catalogue).find(({ id }) => id === planId);
  if (plan === undefined) throw new DomainError('NOT_FOUND');
  return plan;
}
