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
import { formatDecimal } from '@dailydoco/money';
import { Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ClosePeriods } from './close-period.js';
import { asPeriod, type ClosedPeriod, PERIOD } from './period.js';
import { viewerOf } from './viewer.http.js';

const periodText = z
  .string()
  .regex(PERIOD, 'must be a month such as 2026-11')
  .meta({ description: 'A month, in UTC.' });
const decimal = z.string().meta({ description: 'A decimal string.', example: '79.00' });

const periodSchema = z
  .object({
    period: periodText,
    status: z
      .enum(['closing', 'closed'])
      .meta({ description: 'closing: nothing is recorded in it any more, what it came to is being summed up.' }),
    endsAt: z.string().meta({ format: 'date-time', description: 'The first moment after it.' }),
    closedBy: uuidSchema,
    closedAt: z.string().meta({ format: 'date-time' }),
    journals: z.int().min(0).optional().meta({ description: 'How many were recorded in it.' }),
    trialBalance: z
      .array(z.object({ currency: z.string(), debit: decimal, credit: decimal, difference: decimal }))
      .optional()
      .meta({ description: 'Of all accounts at its end; kept with the close.' }),
  })
  .meta({ id: 'LedgerPeriod' });

type PeriodView = z.infer<typeof periodSchema>;

const position = z.strictObject({ period: periodText });

@Controller('v1/ledger/periods')
export class PeriodsHttp {
  readonly #periods: ClosePeriods;

  constructor(@Inject(ClosePeriods) periods: ClosePeriods) {
    this.#periods = periods;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    {
      200: {
        description: 'Closed periods, newest first; whatever is later is open.',
        schema: pageSchema(periodSchema),
      },
    },
    { summary: 'List closed accounting periods' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) { pageSize, pageToken }: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: PeriodView[]; nextPageToken?: string }> {
    const found = await this.#periods.closed({
      tenantId: viewerOf(caller).tenantId,
      before: pageToken === undefined ? undefined : asPeriod(decodePageToken(pageToken, position).period),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, ({ period }) => ({ period }));
    return { items: items.map(viewPeriod), ...rest };
  }

  @Post(':period/close')
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The period, closed for good.', schema: periodSchema } },
    {
      summary: 'Close an accounting period',
      description:
        'Final. Whatever is recorded later goes into a later period and keeps its effective date. Months close in their order, once they are over.',
      problems: ['PERIOD_CLOSED', 'CONFLICT'],
    },
  )
  async close(
    @Param('period', { schema: periodText }) period: string,
    @IdempotencyKey('optional') key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PeriodView> {
    const { tenantId, userId: by } = viewerOf(caller);
    const answer = await this.#periods.close(
      { tenantId, period: asPeriod(period), by },
      {
        call: { key, scope, requestHash: requestHash({ period }) },
        answer: (closed) => ({ status: 200, body: viewPeriod(closed) }),
      },
    );
    return replyWith(reply, answer);
  }
}

function viewPeriod({ period, endsAt, closedBy, closedAt, outcome }: ClosedPeriod): PeriodView {
  return {
    period,
    status: outcome === undefined ? 'closing' : 'closed',
    endsAt: endsAt.toISOString(),
    closedBy,
    closedAt: closedAt.toISOString(),
    journals: outcome && Number(outcome.journals),
    trialBalance: outcome?.totals.map(({ currency, debitMicros, creditMicros }) => ({
      currency,
      debit: formatDecimal(debitMicros),
      credit: formatDecimal(creditMicros),
      difference: formatDecimal(debitMicros - creditMicros),
    })),
  };
}
