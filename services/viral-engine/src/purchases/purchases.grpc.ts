import type { Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import { externalIdSchema, uuidSchema, validationFailed } from '@dailydoco/http';
import { isCurrency, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import {
  PurchaseServiceService,
  type RecordPurchaseRequest,
  type RecordPurchaseResponse,
  type RecordPurchasesRequest,
  type RecordPurchasesResponse,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { currentTraceparent } from '@dailydoco/telemetry';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { inAnswerOrder } from '../commissions/commission.js';
import { protoKind } from '../commissions/commission.codec.js';
import { ClickIds } from '../clicks/click-ids.js';
import { customerIdSchema, refineBuyer } from '../customers/customer-fields.http.js';
import type { IncomingPurchase } from '../customers/unattributed-purchase.js';
import { PaymentFingerprints } from '../fraud/payment-fingerprints.js';
import { asCustomerId, asTenantId, asUserId, asWebsiteId, type TenantId } from '../ids.js';
import { referralClaim } from '../members/referral-source.js';
import { mapInFlight, Slots } from './in-flight.js';
import type { PurchaseRecord } from './purchase.js';
import {
  clickIdSchema,
  couponCodeSchema,
  isConceivable,
  paymentFingerprintSchema,
  productTagSchema,
  streamSchema,
} from './purchase-fields.http.js';
import { type RecordedPurchase, RecordPurchase } from './record-purchase.js';

/** What one stream may have under way, and what all streams of this process may: the writer's queue has room for both
 * them and single calls. */
const MAX_IN_STREAM = 2_000;
const MAX_IN_STREAMS = 4_000;

/** An empty text is what proto3 says for a field that was left out. */
const absent = z.literal('').transform(() => undefined);

const recordPurchaseRequest = z
  .object({
    externalId: externalIdSchema,
    buyerId: absent.or(uuidSchema),
    customerId: absent.or(customerIdSchema),
    amount: z
      .object({
        micros: z
          .bigint()
          .min(1n, 'must be greater than 0')
          .max(MAX_PURCHASE_MICROS, 'must be at most 1000000000 units'),
        currencyCode: z.string().refine(isCurrency, 'is not an active ISO 4217 code'),
      })
      .transform(({ micros: amountMicros, currencyCode: currency }) => ({ amountMicros, currency })),
    stream: streamSchema,
    productTag: absent.or(productTagSchema),
    websiteId: z.literal('').or(uuidSchema),
    occurredAt: z.date().refine(isConceivable, 'must not lie before 1970').optional(),
    couponCode: absent.or(couponCodeSchema).optional(),
    paymentFingerprint: paymentFingerprintSchema.optional(),
    clickId: absent.or(clickIdSchema).optional(),
  })
  .superRefine(refineBuyer);

@GrpcController(PurchaseServiceService)
@GrpcRequires({ apiKey: { scopes: ['purchases:write'] } })
export class PurchasesGrpc implements GrpcHandlers<typeof PurchaseServiceService> {
  readonly #recordPurchase: RecordPurchase;
  readonly #tools: OrderTools;
  readonly #slots = new Slots(MAX_IN_STREAMS);

  constructor(
    @Inject(RecordPurchase) recordPurchase: RecordPurchase,
    @Inject(PaymentFingerprints) payments: PaymentFingerprints,
    @Inject(ClickIds) clickIds: ClickIds,
  ) {
    this.#recordPurchase = recordPurchase;
    this.#tools = { payments, clickIds };
  }

  async recordPurchase(request: RecordPurchaseRequest, call: CallContext): Promise<RecordPurchaseResponse> {
    const traceparent = call.traceparent ?? currentTraceparent();
    const recorded = await this.#recordPurchase.record(toOrder(request, asTenantId(call.tenantId), this.#tools), {
      mayBackdate: mayBackdate(call.principal),
      traceparent,
      signal: call.signal,
    });
    // Only calls with an Idempotency-Key are replayed, and gRPC carries none.
    if (recorded.kind === 'replayed') throw new Error('A call without a key was replayed');
    return toResponse(recorded);
  }

  recordPurchases(
    requests: AsyncIterable<RecordPurchasesRequest>,
    call: CallContext,
  ): AsyncIterable<RecordPurchasesResponse> {
    return mapInFlight(requests, MAX_IN_STREAM, (item) => this.#slots.use(() => this.#recordItem(item, call)));
  }

  async #recordItem(item: RecordPurchasesRequest, call: CallContext): Promise<RecordPurchasesResponse> {
    const { correlationId, purchase } = item;
    try {
      if (purchase === undefined) throw missingPurchase();
      return { correlationId, result: { $case: 'recorded', value: await this.recordPurchase(purchase, call) } };
    } catch (error) {
      return { correlationId, result: { $case: 'error', value: itemError(error, call) } };
    }
  }
}

/** What reads the parts of an order that only this service can read. */
interface OrderTools {
  readonly payments: PaymentFingerprints;
  readonly clickIds: ClickIds;
}

function toOrder(request: RecordPurchaseRequest, tenantId: TenantId, tools: OrderTools): IncomingPurchase {
  const parsed = recordPurchaseRequest.safeParse(request);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  const { buyerId, customerId, websiteId, occurredAt, couponCode, clickId, paymentFingerprint, ...rest } = parsed.data;
  const order = {
    ...rest,
    tenantId,
    occurredAt,
    websiteId: websiteId === '' ? undefined : asWebsiteId(websiteId),
    metadata: undefined,
    referral: referralClaim({ couponCode, clickId: tools.clickIds.read(tenantId, clickId) }),
    paymentFingerprint: paymentFingerprint === undefined ? undefined : tools.payments.of(tenantId, paymentFingerprint),
  };
  if (buyerId !== undefined) return { ...order, buyerId: asUserId(buyerId) };
  if (customerId !== undefined) return { ...order, customerId: asCustomerId(customerId) };
  throw new Error('The schema lets no purchase through that names nobody');
}

function toResponse(recorded: Exclude<RecordedPurchase, { kind: 'replayed' }>): RecordPurchaseResponse {
  const { created, purchase } = recorded;
  const { currency: currencyCode, amountMicros } = purchase;
  if (recorded.kind === 'unattributed') {
    const none = { planId: '', planVersion: 0, commissions: [], total: { micros: 0n, currencyCode } };
    const house = { micros: amountMicros, currencyCode };
    return { purchaseId: purchase.id, created, unattributed: true, ...none, house };
  }
  return { unattributed: false, created, ...viewRecorded(recorded.purchase) };
}

function viewRecorded(purchase: PurchaseRecord): Omit<RecordPurchaseResponse, 'created' | 'unattributed'> {
  const { currency: currencyCode, amountMicros, totalMicros } = purchase;
  return {
    purchaseId: purchase.id,
    planId: purchase.plan?.id ?? '',
    planVersion: purchase.plan?.version ?? 0,
    commissions: inAnswerOrder(purchase.commissions).map((commission) => ({
      commissionId: commission.id,
      beneficiaryId: commission.beneficiaryId,
      kind: protoKind(commission.kind),
      level: commission.level,
      rateBps: commission.rateBps,
      amountMicros: commission.grossMicros,
    })),
    total: { micros: totalMicros, currencyCode },
    house: { micros: amountMicros - totalMicros, currencyCode },
  };
}

function mayBackdate(principal: Principal): boolean {
  return principal.kind === 'apiKey' && principal.scopes.includes('purchases:backdate');
}

function missingPurchase(): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'purchase', message: 'is missing' }] });
}

/** A bug in one item does not end the stream; its message stays in our log. */
function itemError(error: unknown, call: CallContext): { reason: string; detail: string } {
  if (error instanceof DomainError) return { reason: error.reason, detail: detailOf(error) };
  call.logger.error({ err: error }, 'an item of a stream failed');
  return { reason: 'INTERNAL', detail: 'Something went wrong on our side.' };
}

function detailOf({ detail, fieldErrors }: DomainError): string {
  return [detail, ...fieldErrors.map(({ path, message }) => `${path} ${message}`)].join(' ');
}
