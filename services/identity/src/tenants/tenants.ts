import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import { normaliseEmail, type User } from '../users/user.js';
import { openTenant, type Tenant, type TenantBook } from './tenant.js';

export interface TenantsParts {
  readonly once: OncePerKey<TenantBook>;
  readonly findDefaultTenant: () => Promise<TenantId | undefined>;
  readonly hashPassword: (password: string) => Promise<string>;
  readonly clock: { now(): Date };
  readonly newTenantId: () => TenantId;
  readonly newUserId: () => UserId;
}

export interface NewTenant {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly owner: { readonly email: string; readonly password: string; readonly displayName: string };
}

/** Opening tenants: for the installation's owners, who are those of the default tenant. */
export class Tenants {
  readonly #parts: TenantsParts;

  constructor(parts: TenantsParts) {
    this.#parts = parts;
  }

  /** Throws FORBIDDEN for an owner of another tenant than the default one. */
  async refuseOthers(tenantId: TenantId): Promise<void> {
    if ((await this.#parts.findDefaultTenant()) !== tenantId)
      throw new DomainError('FORBIDDEN', { detail: 'Tenants are opened by the owners of the installation.' });
  }

  /** Throws HOST_TAKEN, EMAIL_TAKEN. Who may do this, `refuseOthers` has said before. */
  async open<Body>(
    given: NewTenant,
    context: {
      actor: string;
      call: IdempotentCall;
      answer: (opened: { tenant: Tenant; owner: User }) => { status: number; body: Body };
    },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, hashPassword, newTenantId, newUserId } = this.#parts;
    const { actor, call, answer } = context;
    const passwordHash = await hashPassword(given.owner.password);
    return once(call, async (book) => {
      const now = clock.now();
      const tenant = { id: newTenantId(), name: given.name, hosts: given.hosts, createdAt: now };
      const owner = {
        tenantId: tenant.id,
        id: newUserId(),
        email: normaliseEmail(given.owner.email),
        displayName: given.owner.displayName,
        passwordHash,
        roles: [],
        referralCode: undefined,
        visitorId: undefined,
        registeredAt: now,
      };
      return answer(await openTenant(book, { tenant, owner, actor }));
    });
  }
}
