import { type CallContext, GrpcController, type GrpcHandlers, GrpcRequires } from '@dailydoco/grpc';
import { DomainError } from '@dailydoco/errors';
import {
  type GetUserRequest,
  type GetUserResponse,
  UserServiceService,
  UserStatus as ProtoStatus,
} from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { Inject } from '@nestjs/common';
import { validate } from 'uuid';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import type { UserStatus } from './user.js';

/** Where Nest finds what reads registrations. */
export const REGISTRATIONS = Symbol('REGISTRATIONS');

export interface Registrations {
  findFacts(userId: UserId): Promise<
    | {
        readonly tenantId: TenantId;
        readonly userId: UserId;
        readonly status: UserStatus;
        readonly referralCode: string;
        readonly visitorId: string;
        readonly clickId: string | undefined;
        readonly registeredAt: Date;
      }
    | undefined
  >;
}

const STATUS: Readonly<Record<UserStatus, ProtoStatus>> = {
  active: ProtoStatus.USER_STATUS_ACTIVE,
  suspended: ProtoStatus.USER_STATUS_SUSPENDED,
  erased: ProtoStatus.USER_STATUS_ERASED,
};

@GrpcController(UserServiceService)
@GrpcRequires({ service: true })
export class UsersGrpc implements GrpcHandlers<typeof UserServiceService> {
  readonly #registrations: Registrations;

  constructor(@Inject(REGISTRATIONS) registrations: Registrations) {
    this.#registrations = registrations;
  }

  async getUser({ userId }: GetUserRequest, _call: CallContext): Promise<GetUserResponse> {
    const facts = validate(userId) ? await this.#registrations.findFacts(asUserId(userId)) : undefined;
    if (facts === undefined) throw new DomainError('USER_UNKNOWN');
    return { ...facts, status: STATUS[facts.status] };
  }
}
