import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import { currencyOf, isCurrency } from '@dailydoco/money';
import {
  type ListRailsRequest,
  type ListRailsResponse,
  MethodServiceService,
  type PayoutMethod as MethodMessage,
  RailObstacle as ProtoObstacle,
  type RailOffer,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { viewerOfCall } from '../ledger/viewer.grpc.js';
import { optionalUuid, readRequest } from '../rpc-fields.grpc.js';
import { methodStatus, type PayoutMethod, type RailObstacle, type RailOption } from './method.js';
import { PayoutMethods } from './payout-methods.js';

/** More methods than this are no person's. */
const MAX_METHODS = 200;

const railsRequest = z.object({
  personId: optionalUuid,
  currencyCode: z.string().refine(isCurrency, 'is not an active ISO 4217 code').transform(currencyOf),
  country: z
    .literal('')
    .transform(() => undefined)
    .or(z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as DE')),
});

const OBSTACLE: Readonly<Record<RailObstacle, ProtoObstacle>> = {
  not_installed: ProtoObstacle.RAIL_OBSTACLE_NOT_INSTALLED,
  currency_not_carried: ProtoObstacle.RAIL_OBSTACLE_CURRENCY_NOT_CARRIED,
  country_not_reached: ProtoObstacle.RAIL_OBSTACLE_COUNTRY_NOT_REACHED,
};

@GrpcController(MethodServiceService)
@GrpcRequires({ person: true, service: true })
export class MethodsGrpc implements GrpcHandlers<typeof MethodServiceService> {
  readonly #methods: PayoutMethods;

  constructor(@Inject(PayoutMethods) methods: PayoutMethods) {
    this.#methods = methods;
  }

  async listRails(request: ListRailsRequest, call: CallContext): Promise<ListRailsResponse> {
    const { personId: named, currencyCode: currency, country } = readRequest(railsRequest, request);
    const { tenantId, userId: personId } = viewerOfCall(call, named);
    const wish = { currency, country };
    const [options, methods] = await Promise.all([
      this.#methods.options(tenantId, wish),
      this.#methods.list({ tenantId, personId, after: undefined, limit: MAX_METHODS }),
    ]);
    const now = this.#methods.now();
    const methodsOn = (kind: string): MethodMessage[] =>
      methods.filter((method) => method.kind === kind).map((method) => toMethodMessage(method, now));
    const offered = options.map((option) => ({
      kind: option.kind,
      reach: { $case: 'offer', value: toOffer(option) } as const,
      methods: methodsOn(option.kind),
    }));
    const others = this.#methods.unreachable(wish).map(({ kind, obstacle }) => ({
      kind,
      reach: { $case: 'obstacle', value: OBSTACLE[obstacle] } as const,
      methods: methodsOn(kind),
    }));
    return { rails: [...offered, ...others] };
  }
}

function toOffer({ limits, typicalHours, returnableHours }: RailOption): RailOffer {
  const { minimumMicros, maximumMicros, fee } = limits;
  return {
    minimumMicros,
    maximumMicros,
    feeFixedMicros: fee.fixedMicros,
    feeBps: fee.bps,
    typicalHours,
    returnableHours,
  };
}

function toMethodMessage(method: PayoutMethod, now: Date): MethodMessage {
  const { id: methodId, masked, country, heldUntil } = method;
  const isHeld = methodStatus(method, now) === 'held';
  return { methodId, masked: masked ?? '', country: country ?? '', heldUntil: isHeld ? heldUntil : undefined };
}
