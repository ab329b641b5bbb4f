import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  uuidSchema,
} from '@dailydoco/http';
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asPayoutBatchId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { RAIL_KINDS } from '../rails/rail.js';
import type { PayoutBatch } from './batch-payouts.js';
import { Batches } from './batches.js';

const time = z.string().meta({ format: 'date-time' });

const batchSchema = z
  .object({
    id: uuidSchema,
    rail: z.enum(RAIL_KINDS),
    payments: z.int(),
    amount: moneyAnswerSchema.meta({ description: 'What the file pays.' }),
    createdAt: time,
    file: z
      .object({ name: z.string(), sha256: z.string().meta({ description: 'Hexadecimal.' }), madeAt: time })
      .optional()
      .meta({ description: 'From when it was first fetched.' }),
    sent: z.object({ at: time, by: uuidSchema }).optional().meta({ description: 'The bank has it, by whose word.' }),
  })
  .meta({ id: 'PayoutBatch' });

type BatchView = z.infer<typeof batchSchema>;

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/payout-batches')
@Requires({ person: { roles: ['finance'] } })
export class PayoutBatchesHttp {
  readonly #batches: Batches;

  constructor(@Inject(Batches) batches: Batches) {
    this.#batches = batches;
  }

  @Get()
  @Answers(
    { 200: { description: 'Batches, newest first.', schema: pageSchema(batchSchema) } },
    { summary: 'List the files in which payouts leave' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) { pageSize, pageToken }: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: BatchView[]; nextPageToken?: string }> {
    const batches = await this.#batches.list({
      tenantId: viewerOf(caller).tenantId,
      before: pageToken === undefined ? undefined : asPayoutBatchId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(batches, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewBatch), ...rest };
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The batch.', schema: batchSchema } },
    { summary: 'Look at a batch', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<BatchView> {
    return viewBatch(await this.#batches.find(viewerOf(caller).tenantId, asPayoutBatchId(id)));
  }

  @Get(':id/file')
  @Answers(
    { 200: { description: 'The file, in the format of its rail: the same bytes every time.' } },
    {
      summary: 'Fetch the file of a batch for the bank',
      description:
        'It holds bank details in the clear. Hand it to the bank once, then say so by `sent`. While payouts are stopped nobody gets a file that was not sent.',
      problems: ['NOT_FOUND', 'CONFLICT', 'PAYOUTS_STOPPED'],
    },
  )
  async file(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { name, contentType, bytes } = await this.#batches.file(viewerOf(caller).tenantId, asPayoutBatchId(id));
    await reply
      .type(contentType)
      .header('content-disposition', `attachment; filename="${name}"`)
      .header('cache-control', 'no-store')
      .send(Buffer.from(bytes));
  }

  @Post(':id/sent')
  @HttpCode(200)
  @Answers(
    { 200: { description: 'The batch, sent.', schema: batchSchema } },
    { summary: 'Say that the bank has the file', problems: ['NOT_FOUND', 'CONFLICT'] },
  )
  async sent(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<BatchView> {
    const { tenantId, userId } = viewerOf(caller);
    return viewBatch(await this.#batches.markSent(tenantId, asPayoutBatchId(id), userId));
  }
}

function viewBatch({ id, rail, currency, payments, amountMicros, createdAt, file, sent }: PayoutBatch): BatchView {
  return {
    id,
    rail,
    payments,
    amount: formatMoney({ amountMicros, currency }),
    createdAt: createdAt.toISOString(),
    file: file && {
      name: file.name,
      sha256: Buffer.from(file.sha256).toString('hex'),
      madeAt: file.madeAt.toISOString(),
    },
    sent: sent && { at: sent.at.toISOString(), by: sent.by },
  };
}
