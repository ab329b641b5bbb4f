import { DomainError } from '@dailydoco/errors';
import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import {
  type CheckReferralRequest,
  type CheckReferralResponse,
  type GetReferralCodeRequest,
  type GetReferralCodeResponse,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Inject } from '@nestjs/common';
import { ClickIds } from '../clicks/click-ids.js';
import { asTenantId, asUserId, isUuid } from '../ids.js';
import { Referrals } from './referrals.js';

@GrpcController(ReferralServiceService)
@GrpcRequires({ service: true })
export class ReferralsGrpc implements GrpcHandlers<typeof ReferralServiceService> {
  readonly #referrals: Referrals;

  readonly #clickIds: ClickIds;

  constructor(@Inject(Referrals) referrals: Referrals, @Inject(ClickIds) clickIds: ClickIds) {
    this.#referrals = referrals;
    this.#clickIds = clickIds;
  }

  async checkReferral(request: CheckReferralRequest, call: CallContext): Promise<CheckReferralResponse> {
    const { referralCode, visitorId, clickId } = request;
    const tenantId = asTenantId(call.tenantId);
    const referrerId = await this.#referrals.check({
      tenantId,
      referralCode: referralCode === '' ? undefined : referralCode,
      visitorId: visitorId === '' ? undefined : visitorId,
      clickId: this.#clickIds.read(tenantId, clickId),
    });
    return { applies: referrerId !== undefined, referrerId: referrerId ?? '' };
  }

  async getReferralCode({ userId }: GetReferralCodeRequest, call: CallContext): Promise<GetReferralCodeResponse> {
    if (!isUuid(userId)) throw new DomainError('USER_UNKNOWN');
    return { referralCode: await this.#referrals.code(asTenantId(call.tenantId), asUserId(userId)) };
  }
}
