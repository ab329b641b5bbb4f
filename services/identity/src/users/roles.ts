/** What a person may be beside partner, which everybody is. owner ⊃ admin ⊃ finance, support. */
export const GRANTABLE_ROLES = ['owner', 'admin', 'finance', 'support'] as const;
export type GrantableRole = (typeof GRANTABLE_ROLES)[number];

const RANK: Readonly<Record<GrantableRole, number>> = { owner: 3, admin: 2, finance: 1, support: 1 };

export function isGrantableRole(text: string): text is GrantableRole {
  return (GRANTABLE_ROLES as readonly string[]).includes(text);
}

function rankOf(roles: readonly GrantableRole[]): number {
  return Math.max(0, ...roles.map((role) => RANK[role]));
}

/**
 * Whether someone may change another's access: nobody reaches above the own rank, neither the person changed nor the
 * roles given; admins manage admins and below, owners everybody.
 */
export function mayManage(
  actor: readonly GrantableRole[],
  target: readonly GrantableRole[],
  given: readonly GrantableRole[] = [],
): boolean {
  const rank = rankOf(actor);
  return rank >= RANK.admin && rankOf(target) <= rank && rankOf(given) <= rank;
}

/** The roles as tokens and answers carry them: the granted ones in order of rank, partner last. */
export function withPartner(roles: readonly GrantableRole[]): string[] {
  return [...GRANTABLE_ROLES.filter((role) => roles.includes(role)), 'partner'];
}
