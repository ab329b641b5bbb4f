import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  externalIdSchema,
  formatMoney,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  positiveMoneySchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { viewLevel } from '../commissions/commission-view.http.js';
import { asPurchaseId, asRefundId, asTenantId } from '../ids.js';
import type { RecordedRefund } from './record-refund.js';
import { Refunds } from './refunds.js';

const reason = z.enum(['requested', 'chargeback']);

const refundBody = z
  .strictObject({
    externalId: externalIdSchema,
    amount: positiveMoneySchema.optional().meta({ description: 'All that is left if it is left out.' }),
    reason,
  })
  .meta({ id: 'RefundInput' });

const refundSchema = z
  .object({
    id: uuidSchema,
    purchaseId: uuidSchema,
    externalId: z.string(),
    amount: moneyAnswerSchema,
    reason,
    recordedAt: z.string().meta({ format: 'date-time' }),
    reversals: z
      .array(
        z.object({
          commissionId: uuidSchema,
          kind: z.enum(['level', 'website_bonus']),
          level: z.int().nullable(),
          beneficiaryId: uuidSchema,
          reversed: moneyAnswerSchema.meta({ description: 'What this refund took back.' }),
          net: moneyAnswerSchema.meta({ description: 'What stood after this refund.' }),
        }),
      )
      .meta({ description: 'Every commission of the purchase, the website bonus first, then by level.' }),
  })
  .meta({ id: 'Refund' });

type RefundView = z.infer<typeof refundSchema>;

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/purchases/:id/refunds')
export class RefundsHttp {
  readonly #refunds: Refunds;

  constructor(@Inject(Refunds) refunds: Refunds) {
    this.#refunds = refunds;
  }

  @Post()
  @Requires({ apiKey: { scopes: ['purchases:write'] } })
  @Answers(
    {
      201: { description: 'The refund, and what it took back.', schema: refundSchema },
      200: { description: 'The same refund had been recorded before.', schema: refundSchema },
    },
    {
      summary: 'Refund a purchase, in whole or in part',
      problems: [
        'PURCHASE_UNKNOWN',
        'PURCHASE_UNATTRIBUTED',
        'REFUND_CONFLICT',
        'REFUND_EXCEEDS_PURCHASE',
        'CURRENCY_MISMATCH',
      ],
    },
  )
  async record(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: refundBody }) body: z.output<typeof refundBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<RefundView> {
    const order = {
      tenantId: asTenantId(tenantOf(caller)),
      purchaseId: asPurchaseId(id),
      externalId: body.externalId,
      reason: body.reason,
      requested: body.amount,
    };
    const answer = await this.#refunds.record(order, {
      call: { key, scope, requestHash: requestHash(body) },
      answer: (recorded) => ({ status: recorded.created ? 201 : 200, body: viewRefund(recorded) }),
    });
    return replyWith(reply, answer);
  }

  @Get()
  @Requires({ apiKey: { scopes: ['purchases:write'] }, person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The refunds of the purchase, oldest first.', schema: pageSchema(refundSchema) } },
    { summary: 'List the refunds of a purchase', problems: ['PURCHASE_UNKNOWN'] },
  )
  async list(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: RefundView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const refunds = await this.#refunds.list({
      tenantId: asTenantId(tenantOf(caller)),
      purchaseId: asPurchaseId(id),
      after: pageToken === undefined ? undefined : asRefundId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(refunds, pageSize, ({ refund }) => ({ id: refund.id }));
    return { items: items.map(viewRefund), ...rest };
  }
}

function viewRefund({ refund, reversals }: Omit<RecordedRefund, 'created'>): RefundView {
  const { currency } = refund;
  return {
    id: refund.id,
    purchaseId: refund.purchaseId,
    externalId: refund.externalId,
    amount: formatMoney({ amountMicros: refund.amountMicros, currency }),
    reason: refund.reason,
    recordedAt: refund.recordedAt.toISOString(),
    reversals: reversals.map(({ commission, reversedMicros, netMicros }) => ({
      commissionId: commission.id,
      kind: commission.kind,
      level: viewLevel(commission),
      beneficiaryId: commission.beneficiaryId,
      reversed: formatMoney({ amountMicros: reversedMicros, currency }),
      net: formatMoney({ amountMicros: netMicros, currency }),
    })),
  };
}
