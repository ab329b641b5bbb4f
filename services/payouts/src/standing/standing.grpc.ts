import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import {
  type GetStandingRequest,
  type GetStandingResponse,
  StandingServiceService,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { viewerOfCall } from '../ledger/viewer.grpc.js';
import { optionalUuid, readRequest } from '../rpc-fields.grpc.js';
import { ReadStanding } from './read-standing.js';

const standingRequest = z.object({ personId: optionalUuid });

@GrpcController(StandingServiceService)
@GrpcRequires({ person: true, service: true })
export class StandingGrpc implements GrpcHandlers<typeof StandingServiceService> {
  readonly #standing: ReadStanding;

  constructor(@Inject(ReadStanding) standing: ReadStanding) {
    this.#standing = standing;
  }

  async getStanding(request: GetStandingRequest, call: CallContext): Promise<GetStandingResponse> {
    const { personId } = readRequest(standingRequest, request);
    const viewer = viewerOfCall(call, personId);
    const { negativeBalances, openFindings, ...standing } = await this.#standing.of(viewer);
    return {
      ...standing,
      negativeBalances: negativeBalances.map(({ amountMicros: micros, currency: currencyCode }) => ({
        micros,
        currencyCode,
      })),
      ...(viewer.isInsider && { openFindings }),
    };
  }
}
