import {
  ListPurchaseStatesRequest,
  ListPurchaseStatesResponse,
  PurchaseServiceService,
  PurchaseState,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Inject, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { GrpcController, GrpcRequires } from '../src/index.js';
import type { CallContext, GrpcHandlers, RequestOf, ResponseOf } from '../src/index.js';

/** The two kinds of call that no service of the fleet has yet: many answers to one request, and one to many. */
export const StatesServiceService = {
  watchStates: {
    path: '/dailydoco.test.v1.StatesService/WatchStates',
    requestStream: false,
    responseStream: true,
    requestSerialize: (value: ListPurchaseStatesRequest) =>
      Buffer.from(ListPurchaseStatesRequest.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => ListPurchaseStatesRequest.decode(bytes),
    responseSerialize: (value: PurchaseState) => Buffer.from(PurchaseState.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => PurchaseState.decode(bytes),
  },
  collectStates: {
    path: '/dailydoco.test.v1.StatesService/CollectStates',
    requestStream: true,
    responseStream: false,
    requestSerialize: (value: PurchaseState) => Buffer.from(PurchaseState.encode(value).finish()),
    requestDeserialize: (bytes: Buffer) => PurchaseState.decode(bytes),
    responseSerialize: (value: ListPurchaseStatesResponse) =>
      Buffer.from(ListPurchaseStatesResponse.encode(value).finish()),
    responseDeserialize: (bytes: Buffer) => ListPurchaseStatesResponse.decode(bytes),
  },
} as const;

export const TEST_SERVICES = [ReferralServiceService, PurchaseServiceService, StatesServiceService];

type Referrals = GrpcHandlers<typeof ReferralServiceService>;
type Purchases = GrpcHandlers<typeof PurchaseServiceService>;
type States = GrpcHandlers<typeof StatesServiceService>;
type Rpcs = (typeof PurchaseServiceService)['recordPurchases'];

/** What the handlers of a test server do; what a test leaves out throws, as the bug that it is. */
export type Behaviour = Partial<Referrals & Purchases & States>;

const BEHAVIOUR = Symbol('behaviour');

function given<T>(behaviour: T | undefined): T {
  if (behaviour === undefined) throw new Error('this test gave no such behaviour');
  return behaviour;
}

@GrpcRequires({ service: true, apiKey: { scopes: ['purchases:read'] } })
@GrpcController(ReferralServiceService)
class ReferralController implements Referrals {
  constructor(@Inject(BEHAVIOUR) private readonly behaviour: Behaviour) {}

  checkReferral(...args: Parameters<Referrals['checkReferral']>) {
    return given(this.behaviour.checkReferral)(...args);
  }

  getReferralCode(...args: Parameters<Referrals['getReferralCode']>) {
    return given(this.behaviour.getReferralCode)(...args);
  }
}

@GrpcController(PurchaseServiceService)
@GrpcRequires({ service: true })
class PurchaseController implements Purchases {
  constructor(@Inject(BEHAVIOUR) private readonly behaviour: Behaviour) {}

  recordPurchase(...args: Parameters<Purchases['recordPurchase']>) {
    return given(this.behaviour.recordPurchase)(...args);
  }

  recordPurchases(requests: AsyncIterable<RequestOf<Rpcs>>, call: CallContext): AsyncIterable<ResponseOf<Rpcs>> {
    return given(this.behaviour.recordPurchases)(requests, call);
  }
}

@GrpcController(StatesServiceService)
class StatesController implements States {
  constructor(@Inject(BEHAVIOUR) private readonly behaviour: Behaviour) {}

  @GrpcRequires({ anyone: true })
  watchStates(...args: Parameters<States['watchStates']>) {
    return given(this.behaviour.watchStates)(...args);
  }

  @GrpcRequires({ service: true })
  collectStates(...args: Parameters<States['collectStates']>) {
    return given(this.behaviour.collectStates)(...args);
  }
}

@Module({})
class TestModule {}

export function testModule(behaviour: Behaviour): DynamicModule {
  return {
    module: TestModule,
    controllers: [ReferralController, PurchaseController, StatesController],
    providers: [{ provide: BEHAVIOUR, useValue: behaviour }],
  };
}
