import type { Fingerprints } from '../fingerprints/fingerprints.js';
import type { TenantId, UserId } from '../ids.js';
import type { GrantableRole } from './roles.js';

export type UserStatus = 'active' | 'suspended' | 'erased';

/** A user with what is personal. */
export interface User {
  readonly tenantId: TenantId;
  readonly id: UserId;
  readonly status: UserStatus;
  readonly roles: readonly GrantableRole[];
  readonly email: string;
  readonly displayName: string;
  readonly emailVerifiedAt: Date | undefined;
  readonly registeredAt: Date;
}

/** What registration stores. */
export interface NewUser {
  readonly tenantId: TenantId;
  readonly id: UserId;
  /** As normaliseEmail made it. */
  readonly email: string;
  readonly displayName: string;
  readonly passwordHash: string;
  readonly roles: readonly GrantableRole[];
  readonly referralCode: string | undefined;
  readonly visitorId: string | undefined;
  /** Absent where nobody registered by themselves: for the first owners of tenants. Told on, and not stored here. */
  readonly fingerprints?: Fingerprints | undefined;
  /** A signed click id as it was given; only viral-engine can read it. */
  readonly clickId?: string | undefined;
  readonly registeredAt: Date;
}

/** Addresses are compared trimmed and in lower case. */
export function normaliseEmail(text: string): string {
  return text.trim().toLowerCase();
}
