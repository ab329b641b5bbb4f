import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  externalIdSchema,
  IdempotencyKey,
  type IdempotencyScope,
  JsonText,
  KeyScope,
  keyClaim,
  metadataSchema,
  positiveMoneySchema,
  replyWith,
  requestHash,
  timestampSchema,
  uuidSchema,
} from '@dailydoco/http';
import { currentTraceparent } from '@dailydoco/telemetry';
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ClickIds } from '../clicks/click-ids.js';
import { customerIdSchema, refineBuyer } from '../customers/customer-fields.http.js';
import type { IncomingPurchase } from '../customers/unattributed-purchase.js';
import { PaymentFingerprints } from '../fraud/payment-fingerprints.js';
import { asCustomerId, asPurchaseId, asTenantId, asUserId, asWebsiteId } from '../ids.js';
import { referralClaim } from '../members/referral-source.js';
import { FindPurchase, type FoundPurchase } from './find-purchase.js';
import {
  clickIdSchema,
  couponCodeSchema,
  isConceivable,
  paymentFingerprintSchema,
  productTagSchema,
  streamSchema,
} from './purchase-fields.http.js';
import {
  purchaseSchema,
  type PurchaseView,
  purchaseWithMetadataSchema,
  viewPurchase,
  viewUnattributed,
} from './purchase-view.http.js';
import { RecordPurchase } from './record-purchase.js';

const purchaseBody = z
  .strictObject({
    externalId: externalIdSchema,
    buyerId: uuidSchema.optional().meta({ description: 'The user who bought. Exactly one of buyerId and customerId.' }),
    customerId: customerIdSchema.optional(),
    amount: positiveMoneySchema,
    stream: streamSchema,
    productTag: productTagSchema.optional(),
    websiteId: uuidSchema.optional(),
    occurredAt: timestampSchema.refine(isConceivable, 'must not lie before 1970').optional(),
    metadata: metadataSchema.optional(),
    couponCode: couponCodeSchema.optional(),
    paymentFingerprint: paymentFingerprintSchema.optional(),
    clickId: clickIdSchema.optional(),
  })
  .superRefine(refineBuyer)
  .meta({ id: 'PurchaseInput' });

const byExternalId = z.strictObject({ externalId: externalIdSchema });

@Controller('v1/purchases')
export class PurchasesHttp {
  readonly #recordPurchase: RecordPurchase;
  readonly #findPurchase: FindPurchase;
  readonly #tools: OrderTools;

  constructor(
    @Inject(RecordPurchase) recordPurchase: RecordPurchase,
    @Inject(FindPurchase) findPurchase: FindPurchase,
    @Inject(PaymentFingerprints) payments: PaymentFingerprints,
    @Inject(ClickIds) clickIds: ClickIds,
  ) {
    this.#recordPurchase = recordPurchase;
    this.#findPurchase = findPurchase;
    this.#tools = { payments, clickIds };
  }

  @Post()
  @Requires({ apiKey: { scopes: ['purchases:write'] } })
  @Answers(
    {
      201: {
        description: 'The purchase, recorded with its commissions; unattributed while its customer is nobody yet.',
        schema: purchaseSchema,
      },
      200: { description: 'The same purchase had been recorded before.', schema: purchaseSchema },
    },
    {
      summary: 'Record a purchase',
      description: 'Durable before it answers. occurredAt more than 24 hours back needs the scope purchases:backdate.',
      problems: ['BUYER_UNKNOWN', 'WEBSITE_UNKNOWN', 'PURCHASE_CONFLICT', 'OCCURRED_AT_IN_FUTURE'],
    },
  )
  async record(
    @Body({ schema: purchaseBody }) body: z.output<typeof purchaseBody>,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    // An answer that is kept is made in the group's database transaction: what is sent is that text.
    let told: JsonText | undefined;
    const answer = await this.#recordPurchase.record(toOrder(body, caller, this.#tools), {
      mayBackdate: caller.kind === 'apiKey' && caller.scopes.includes('purchases:backdate'),
      idempotency: {
        claim: keyClaim({ key, scope, requestHash: requestHash(body) }),
        status: (created) => (created ? 201 : 200),
        body: (purchase) => (told = new JsonText(viewPurchase(purchase))),
        answerUnattributed: (purchase, created) => ({ status: created ? 201 : 200, body: viewUnattributed(purchase) }),
      },
      traceparent: currentTraceparent(),
    });
    if (answer.kind === 'replayed') return replyWith(reply, { ...answer, replayed: true });
    reply.code(answer.created ? 201 : 200);
    if (answer.kind === 'unattributed') return viewUnattributed(answer.purchase);
    return told ?? viewPurchase(answer.purchase);
  }

  @Get()
  @Requires({ apiKey: { scopes: ['purchases:read'] }, person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The purchase as it stands.', schema: purchaseWithMetadataSchema } },
    { summary: "Find a purchase by the client's own id", problems: ['PURCHASE_UNKNOWN'] },
  )
  async findByExternalId(
    @Query({ schema: byExternalId }) query: z.output<typeof byExternalId>,
    @Caller() caller: Principal,
  ): Promise<PurchaseView> {
    return viewFound(await this.#findPurchase.byExternalId(asTenantId(tenantOf(caller)), query.externalId));
  }

  @Get(':id')
  @Requires({ apiKey: { scopes: ['purchases:read'] }, person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The purchase as it stands.', schema: purchaseWithMetadataSchema } },
    { summary: 'Read a purchase', problems: ['PURCHASE_UNKNOWN'] },
  )
  async findById(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<PurchaseView> {
    return viewFound(await this.#findPurchase.byId(asTenantId(tenantOf(caller)), asPurchaseId(id)));
  }
}

/** What reads the parts of an order that only this service can read. */
interface OrderTools {
  readonly payments: PaymentFingerprints;
  readonly clickIds: ClickIds;
}

function toOrder(body: z.output<typeof purchaseBody>, caller: Principal, tools: OrderTools): IncomingPurchase {
  const { buyerId, customerId, couponCode, paymentFingerprint } = body;
  const tenantId = asTenantId(tenantOf(caller));
  const order = {
    tenantId,
    externalId: body.externalId,
    amount: body.amount,
    stream: body.stream,
    productTag: body.productTag,
    websiteId: body.websiteId === undefined ? undefined : asWebsiteId(body.websiteId),
    occurredAt: body.occurredAt,
    metadata: body.metadata,
    referral: referralClaim({ couponCode, clickId: tools.clickIds.read(tenantId, body.clickId) }),
    paymentFingerprint: paymentFingerprint === undefined ? undefined : tools.payments.of(tenantId, paymentFingerprint),
  };
  if (buyerId !== undefined) return { ...order, buyerId: asUserId(buyerId) };
  if (customerId !== undefined) return { ...order, customerId: asCustomerId(customerId) };
  throw new Error('The schema lets no purchase through that names nobody');
}

function viewFound(found: FoundPurchase): PurchaseView & { metadata: unknown } {
  const view = found.kind === 'recorded' ? viewPurchase(found.purchase) : viewUnattributed(found.purchase);
  return { ...view, metadata: found.metadata ?? null };
}
