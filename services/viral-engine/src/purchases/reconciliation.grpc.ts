import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import {
  type ListPurchaseStatesRequest,
  type ListPurchaseStatesResponse,
  ReconciliationServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Inject } from '@nestjs/common';
import { protoStatus } from '../commissions/commission.codec.js';
import { asTenantId } from '../ids.js';
import { listStates, type StateReads } from './list-states.js';

/** Where Nest finds what reads purchase states. */
export const STATE_READS = Symbol('STATE_READS');

@GrpcController(ReconciliationServiceService)
@GrpcRequires({ service: true })
export class ReconciliationGrpc implements GrpcHandlers<typeof ReconciliationServiceService> {
  readonly #reads: StateReads;

  constructor(@Inject(STATE_READS) reads: StateReads) {
    this.#reads = reads;
  }

  async listPurchaseStates(request: ListPurchaseStatesRequest, call: CallContext): Promise<ListPurchaseStatesResponse> {
    const { states, nextPageToken } = await listStates(this.#reads, {
      tenantId: asTenantId(call.tenantId),
      pageSize: request.pageSize,
      pageToken: request.pageToken,
    });
    return {
      states: states.map(({ purchaseId, sequence: purchaseSequence, currency: currencyCode, changedAt, entries }) => ({
        purchaseId,
        purchaseSequence,
        currencyCode,
        changedAt,
        entries: entries.map((entry) => ({ ...entry, status: protoStatus(entry.status) })),
      })),
      nextPageToken,
    };
  }
}
