import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
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
import { viewerOf } from '../ledger/viewer.http.js';
import { breakSchema } from './break-view.http.js';
import { type Day, parseDay } from './day.js';
import { type DayReport, TOTAL_NAMES } from './day-report.js';
import { DayReports } from './day-reports.js';
import { reportText } from './report-text.js';

const timeSchema = z.string().meta({ format: 'date-time' });
const decimal = z.string().meta({ description: 'A decimal string.', example: '79.00' });
const daySchema = z
  .string()
  .length(10)
  .refine((text) => parseDay(text) !== undefined, 'must be a day, such as 2026-11-21')
  .meta({ description: 'A day in UTC.', example: '2026-11-21' });

const makeBody = z.strictObject({ day: daySchema }).meta({ id: 'DayReportInput' });
const formatQuery = z.strictObject({
  format: z.enum(['json', 'text']).default('json').meta({ description: 'text: plain text, for reading.' }),
});
const position = z.strictObject({ day: daySchema });

const lineSchema = z
  .object({
    day: daySchema,
    outcome: z.enum(['balanced', 'breaks']),
    breaks: z.int(),
    madeAt: timeSchema,
  })
  .meta({ id: 'DayReportLine' });

const currencySchema = z.object({
  currency: z.string(),
  totals: z.record(z.enum(TOTAL_NAMES), decimal).meta({
    description: 'What was recorded on the day. withheld: less what was given back.',
  }),
  events: z.array(z.object({ event: z.string(), journals: z.int(), amount: decimal })).meta({
    description: 'Journals of the day by the fact they book, and the sum of their credits.',
  }),
  accounts: z
    .array(z.object({ kind: z.string(), opening: decimal, credits: decimal, debits: decimal, closing: decimal }))
    .meta({ description: 'All accounts of a kind together; credits are positive.' }),
});

const reportSchema = z
  .object({
    tenantId: uuidSchema,
    day: daySchema,
    outcome: z.enum(['balanced', 'breaks']),
    run: z
      .object({
        id: uuidSchema,
        startedAt: timeSchema,
        finishedAt: timeSchema,
        purchasesCompared: z.int(),
        purchasesInFlight: z.int(),
      })
      .meta({
        description: 'The first comparison that was begun 15 minutes after the day or later, and was finished.',
      }),
    madeAt: timeSchema,
    breaks: z
      .array(
        breakSchema
          .pick({
            id: true,
            invariant: true,
            subject: true,
            detail: true,
            status: true,
            ownerId: true,
            openedAt: true,
          })
          .extend({ ageHours: z.int() }),
      )
      .meta({ description: 'Every one that stood when that comparison ended, oldest first.' }),
    breaksOpened: z.int(),
    breaksResolved: z.int(),
    currencies: z.array(currencySchema),
    inFlight: z.object({
      payouts: z.array(z.object({ currency: z.string(), status: z.string(), payouts: z.int(), amount: decimal })),
      eventsSetAside: z.int(),
    }),
    sources: z
      .array(z.object({ name: z.string(), compared: z.int(), upTo: timeSchema.nullable() }))
      .meta({ description: 'With whom the ledger was compared, and up to when their word was known.' }),
  })
  .meta({ id: 'DayReport' });

@Controller('v1/reconciliation/reports')
@Requires({ person: { roles: ['finance', 'support'] } })
export class ReportsHttp {
  readonly #reports: DayReports;

  constructor(@Inject(DayReports) reports: DayReports) {
    this.#reports = reports;
  }

  @Get()
  @Answers(
    { 200: { description: 'Days that have a report, newest first.', schema: pageSchema(lineSchema) } },
    { summary: 'List the daily reports' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof lineSchema>[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const lines = await this.#reports.list({
      tenantId: viewerOf(caller).tenantId,
      before: pageToken === undefined ? undefined : decodePageToken(pageToken, position).day,
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(lines, pageSize, ({ day }) => ({ day }));
    return { items: items.map((line) => ({ ...line, madeAt: line.madeAt.toISOString() })), ...rest };
  }

  @Get(':day')
  @Answers(
    { 200: { description: 'What the day came to.', schema: reportSchema } },
    {
      summary: 'Read the report of a day',
      description: 'Made once, after the day, and never changed.',
      problems: ['NOT_FOUND'],
    },
  )
  async read(
    @Param('day', { schema: daySchema }) day: string,
    @Query({ schema: formatQuery }) { format }: z.output<typeof formatQuery>,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<DayReport | string> {
    const report = await this.#reports.read(viewerOf(caller).tenantId, day);
    if (format === 'json') return report;
    reply.type('text/plain; charset=utf-8');
    return reportText(report);
  }

  @Post()
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The report, made now or before.', schema: reportSchema } },
    {
      summary: 'Make the report of a past day',
      description:
        'For a day that has none, such as one before the first report. It needs a comparison finished since.',
      problems: ['CONFLICT'],
    },
  )
  async make(
    @Body({ schema: makeBody }) body: z.output<typeof makeBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { tenantId, userId } = viewerOf(caller);
    const answer = await this.#reports.make(
      { tenantId, userId, day: dayOf(body.day) },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (report) => ({ status: 200, body: report }),
      },
    );
    return replyWith(reply, answer);
  }
}

function dayOf(text: string): Day {
  const day = parseDay(text);
  if (day === undefined) throw new DomainError('VALIDATION_FAILED');
  return day;
}
