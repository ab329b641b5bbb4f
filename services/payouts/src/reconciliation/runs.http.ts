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
import { Controller, Get, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asRunId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { type PastRun, Runs } from './runs.js';

const timeSchema = z.string().meta({ format: 'date-time' });

const runSchema = z
  .object({
    id: uuidSchema,
    outcome: z
      .enum(['balanced', 'breaks', 'failed'])
      .meta({ description: 'failed: it could not be finished, so it says nothing about the books.' }),
    breaks: z.int(),
    purchasesCompared: z.int(),
    purchasesInFlight: z.int().meta({ description: 'Purchases whose events are still under way.' }),
    startedAt: timeSchema,
    finishedAt: timeSchema,
  })
  .meta({ id: 'ReconciliationRun' });

const requestSchema = z
  .object({ id: uuidSchema, askedBy: uuidSchema, askedAt: timeSchema })
  .meta({ id: 'ReconciliationRequest' });

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/reconciliation/runs')
export class RunsHttp {
  readonly #runs: Runs;

  constructor(@Inject(Runs) runs: Runs) {
    this.#runs = runs;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'Runs, newest first.', schema: pageSchema(runSchema) } },
    { summary: 'List the comparisons of the books' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof runSchema>[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const runs = await this.#runs.list({
      tenantId: viewerOf(caller).tenantId,
      before: pageToken === undefined ? undefined : asRunId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(runs, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewRun), ...rest };
  }

  @Post()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 202: { description: 'The request that waits to be run; the run begins within seconds.', schema: requestSchema } },
    { summary: 'Compare the books now' },
  )
  async ask(
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { tenantId, userId } = viewerOf(caller);
    const answer = await this.#runs.ask(
      { tenantId, userId },
      {
        call: { key, scope, requestHash: requestHash({}) },
        answer: ({ id, askedBy, askedAt }) => ({
          status: 202,
          body: { id, askedBy, askedAt: askedAt.toISOString() },
        }),
      },
    );
    return replyWith(reply, answer);
  }
}

function viewRun(run: PastRun): z.infer<typeof runSchema> {
  return {
    id: run.id,
    outcome: run.outcome,
    breaks: run.breaks,
    purchasesCompared: run.compared,
    purchasesInFlight: run.inFlight,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt.toISOString(),
  };
}
