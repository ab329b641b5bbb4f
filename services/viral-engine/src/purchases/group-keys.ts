import type { PlanId, TenantId, UserId } from '../ids.js';

/** A person of a tenant: a buyer, or somebody who may earn. */
export interface MemberRef {
  readonly tenantId: TenantId;
  readonly userId: UserId;
}

/** A buyer under a plan. */
export interface FirstRef {
  readonly tenantId: TenantId;
  readonly buyerId: UserId;
  readonly planId: PlanId;
}

/** One text for the pair of a tenant and something of that tenant's; also how stores key what they return. */
export function pairKey(tenantId: TenantId, id: string): string {
  return `${tenantId}/${id}`;
}

/** How stores key first purchases. */
export function firstKey(ref: FirstRef): string {
  return `${ref.tenantId}/${ref.buyerId}/${ref.planId}`;
}

export function refKey(ref: MemberRef): string {
  return pairKey(ref.tenantId, ref.userId);
}

/** The first of each key, in order. */
export function distinct<T>(all: readonly T[], keyOf: (each: T) => string): T[] {
  const byKey = new Map<string, T>();
  for (const each of all) {
    const key = keyOf(each);
    if (!byKey.has(key)) byKey.set(key, each);
  }
  return [...byKey.values()];
}

/** What must be there; its absence is a bug. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} must be there and is not`);
  return value;
}
