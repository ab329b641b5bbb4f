import { DomainError } from '@dailydoco/errors';
import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import {
  callerIdOf,
  decodePageToken,
  type IdempotencyScope,
  optionalIdempotencyKey,
  page,
  requestHash,
  requireIdempotencyKey,
  uuidSchema,
} from '@dailydoco/http';
import { currencyOf, isCurrency, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import {
  type CancelPayoutRequest,
  type CancelPayoutResponse,
  type GetPayoutRequest,
  type GetPayoutResponse,
  type ListPayoutsRequest,
  type ListPayoutsResponse,
  PayoutServiceService,
  PayoutStatus as ProtoStatus,
  type RequestPayoutRequest,
  type RequestPayoutResponse,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { asPayoutId, asPayoutMethodId, asUserId } from '../ids.js';
import { viewerOfCall } from '../ledger/viewer.grpc.js';
import { optionalUuid, pageFields, readRequest } from '../rpc-fields.grpc.js';
import { payoutStatus, protoStatus, toPayoutMessage } from './payout-messages.codec.js';
import { viewPayout, viewStory } from './payout-view.http.js';
import { Payouts } from './payouts.js';
import { PAYOUTS_PATH, TTL_HOURS } from './payouts.http.js';

const keyField = z.string().max(255, 'must have at most 255 characters');

const payoutRequest = z.object({
  idempotencyKey: keyField,
  amount: z
    .object({
      micros: z.bigint().min(1n, 'must be greater than 0').max(MAX_PURCHASE_MICROS, 'must be at most 1000000000 units'),
      currencyCode: z.string().refine(isCurrency, 'is not an active ISO 4217 code').transform(currencyOf),
    })
    .transform(({ micros: amountMicros, currencyCode: currency }) => ({ amountMicros, currency })),
  methodId: uuidSchema,
});
const cancelRequest = z.object({ payoutId: uuidSchema, idempotencyKey: keyField });
const findRequest = z.object({ personId: optionalUuid, payoutId: uuidSchema });
const listRequest = z.object({
  personId: optionalUuid,
  status: z.custom<ProtoStatus>(
    (status) => status === ProtoStatus.PAYOUT_STATUS_UNSPECIFIED || payoutStatus(status as ProtoStatus) !== undefined,
    'is no status of payouts',
  ),
  ...pageFields,
});

const position = z.strictObject({ id: uuidSchema });

@GrpcController(PayoutServiceService)
@GrpcRequires({ person: true, service: true })
export class PayoutsGrpc implements GrpcHandlers<typeof PayoutServiceService> {
  readonly #payouts: Payouts;

  constructor(@Inject(Payouts) payouts: Payouts) {
    this.#payouts = payouts;
  }

  @GrpcRequires({ person: true })
  async requestPayout(request: RequestPayoutRequest, call: CallContext): Promise<RequestPayoutResponse> {
    const { idempotencyKey, amount, methodId } = readRequest(payoutRequest, request);
    const key = requireIdempotencyKey(idempotencyKey === '' ? undefined : idempotencyKey);
    const { tenantId, userId: personId } = viewerOfCall(call, undefined);
    const answer = await this.#payouts.request(
      { tenantId, personId, amount, methodId: asPayoutMethodId(methodId) },
      {
        call: {
          key,
          scope: scopeOf(call, PAYOUTS_PATH),
          requestHash: requestHash({ amount, methodId }),
          ttlHours: TTL_HOURS,
        },
        answer: (payout) => ({ status: 202, body: viewPayout(payout) }),
      },
    );
    return { payout: toPayoutMessage(answer.body), replayed: answer.replayed };
  }

  @GrpcRequires({ person: true })
  async cancelPayout(request: CancelPayoutRequest, call: CallContext): Promise<CancelPayoutResponse> {
    const { idempotencyKey, payoutId: id } = readRequest(cancelRequest, request);
    const key = optionalIdempotencyKey(idempotencyKey === '' ? undefined : idempotencyKey);
    const { tenantId, userId: personId } = viewerOfCall(call, undefined);
    const answer = await this.#payouts.cancel(
      { tenantId, personId, id: asPayoutId(id) },
      {
        call: {
          key,
          scope: scopeOf(call, `${PAYOUTS_PATH}/${id}/cancel`),
          requestHash: requestHash({ id }),
          ttlHours: TTL_HOURS,
        },
        answer: (payout) => ({ status: 200, body: viewPayout(payout) }),
      },
    );
    return { payout: toPayoutMessage(answer.body), replayed: answer.replayed };
  }

  async getPayout(request: GetPayoutRequest, call: CallContext): Promise<GetPayoutResponse> {
    const { personId, payoutId } = readRequest(findRequest, request);
    const viewer = viewerOfCall(call, personId);
    const story = viewStory(await this.#payouts.find(viewer, asPayoutId(payoutId)), false);
    return {
      payout: toPayoutMessage(story),
      steps: story.steps.map(({ step, at, reason = '' }) => ({
        status: protoStatus(step),
        takenAt: new Date(at),
        reason,
      })),
      underReview: story.underReview,
    };
  }

  async listPayouts(request: ListPayoutsRequest, call: CallContext): Promise<ListPayoutsResponse> {
    const { personId, status, pageSize, pageToken } = readRequest(listRequest, request);
    const payouts = await this.#payouts.list(viewerOfCall(call, personId), {
      personId: personId === undefined ? undefined : asUserId(personId),
      status: payoutStatus(status),
      before: pageToken === undefined ? undefined : asPayoutId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, nextPageToken = '' } = page(payouts, pageSize, ({ id }) => ({ id }));
    return { payouts: items.map((payout) => toPayoutMessage(viewPayout(payout))), nextPageToken };
  }
}

/** That of the same call over HTTP: a key means one payout, by whichever edge it comes. */
function scopeOf({ principal, tenantId }: CallContext, path: string): IdempotencyScope {
  if (principal.kind !== 'person') throw new DomainError('FORBIDDEN');
  return { tenantId, callerId: callerIdOf(principal), method: 'POST', path };
}
