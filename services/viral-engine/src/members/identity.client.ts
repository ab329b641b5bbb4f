import { DomainError, isTransient } from '@dailydoco/errors';
import type { GrpcClient } from '@dailydoco/grpc';
import {
  type GetUserResponse,
  UserStatus,
  type UserServiceService,
} from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { asTenantId, asUserId, type UserId } from '../ids.js';
import type { UserDirectory } from './ensure-member.js';
import type { MemberStatus } from './member.js';
import type { Registration } from './register-member.js';

/** A purchase is waiting for the answer. */
const DEADLINE_MS = 200;

/** Identity, asked for a user that no event has told of yet. */
export class IdentityUsers implements UserDirectory {
  readonly #client: Pick<GrpcClient<typeof UserServiceService>, 'getUser'>;

  constructor(client: Pick<GrpcClient<typeof UserServiceService>, 'getUser'>) {
    this.#client = client;
  }

  async findUser(userId: UserId): Promise<Registration | undefined> {
    try {
      return toRegistration(await this.#client.getUser({ userId }, { deadlineMs: DEADLINE_MS }));
    } catch (error) {
      if (error instanceof DomainError && error.reason === 'USER_UNKNOWN') return undefined;
      if (!isTransient(error)) throw error;
      throw new DomainError('UNAVAILABLE', { detail: 'Who the buyer is cannot be asked right now.', cause: error });
    }
  }
}

function toRegistration(user: GetUserResponse): Registration {
  const { registeredAt, referralCode, visitorId } = user;
  if (registeredAt === undefined) throw new Error('identity knows when a user registered');
  return {
    tenantId: asTenantId(user.tenantId),
    userId: asUserId(user.userId),
    status: toStatus(user.status),
    referralCode: referralCode === '' ? undefined : referralCode,
    visitorId: visitorId === '' ? undefined : visitorId,
    registeredAt,
  };
}

function toStatus(status: UserStatus): MemberStatus {
  switch (status) {
    case UserStatus.USER_STATUS_ACTIVE:
      return 'active';
    case UserStatus.USER_STATUS_SUSPENDED:
      return 'suspended';
    case UserStatus.USER_STATUS_ERASED:
      return 'erased';
    case UserStatus.USER_STATUS_UNSPECIFIED:
    case UserStatus.UNRECOGNIZED:
      throw new Error(`identity gave a status that is not known here: ${status}`);
  }
}
