import type { GrpcClient } from '@dailydoco/grpc';
import {
  type GetUserResponse,
  UserStatus,
  type UserServiceService,
} from '@dailydoco/proto/dailydoco/identity/v1/identity';
import type { ClickIds } from '../clicks/click-ids.js';
import { asTenantId, asUserId, type UserId } from '../ids.js';
import { askNeighbour, type Question } from '../neighbour.client.js';
import type { UserDirectory } from './ensure-member.js';
import type { MemberStatus } from './member.js';
import type { Registration } from './register-member.js';

const QUESTION: Question = { unknown: 'USER_UNKNOWN', detail: 'Who the buyer is cannot be asked right now.' };

/** Identity, asked for a user that no event has told of yet. */
export class IdentityUsers implements UserDirectory {
  readonly #client: Pick<GrpcClient<typeof UserServiceService>, 'getUser'>;

  readonly #clickIds: ClickIds;

  constructor(client: Pick<GrpcClient<typeof UserServiceService>, 'getUser'>, clickIds: ClickIds) {
    this.#client = client;
    this.#clickIds = clickIds;
  }

  async findUser(userId: UserId): Promise<Registration | undefined> {
    const user = await askNeighbour(QUESTION, (deadlineMs) => this.#client.getUser({ userId }, { deadlineMs }));
    return user && toRegistration(user, this.#clickIds);
  }
}

function toRegistration(user: GetUserResponse, clickIds: ClickIds): Registration {
  const { registeredAt, referralCode, visitorId } = user;
  if (registeredAt === undefined) throw new Error('identity knows when a user registered');
  const tenantId = asTenantId(user.tenantId);
  return {
    tenantId,
    userId: asUserId(user.userId),
    status: toStatus(user.status),
    referralCode: referralCode === '' ? undefined : referralCode,
    visitorId: visitorId === '' ? undefined : visitorId,
    clickId: clickIds.read(tenantId, user.clickId),
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
