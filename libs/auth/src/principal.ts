/** Roles of a person, the most powerful first. */
export const ROLES = ['owner', 'admin', 'finance', 'support', 'partner'] as const;
export type Role = (typeof ROLES)[number];

/** What an API key may be allowed to do. */
export const SCOPES = ['purchases:write', 'purchases:read', 'purchases:backdate', 'events:write', 'ai:invoke'] as const;
export type Scope = (typeof SCOPES)[number];

/** A human who signed in. */
export interface Person {
  readonly kind: 'person';
  readonly userId: string;
  readonly tenantId: string;
  readonly roles: readonly Role[];
  readonly sessionId: string;
}

/** A program of a customer. */
export interface ApiKeyHolder {
  readonly kind: 'apiKey';
  readonly apiKeyId: string;
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
}

/** Another service of this installation, on behalf of one tenant, or of none. */
export interface ServiceCaller {
  readonly kind: 'service';
  readonly service: string;
  readonly tenantId?: string;
}

/** Who is calling, as proved by what stands in the Authorization header. */
export type Principal = Person | ApiKeyHolder | ServiceCaller;

const IMPLIED: Readonly<Record<Role, readonly Role[]>> = {
  owner: ['owner', 'admin', 'finance', 'support', 'partner'],
  admin: ['admin', 'finance', 'support', 'partner'],
  finance: ['finance', 'partner'],
  support: ['support', 'partner'],
  partner: ['partner'],
};

/** Whether somebody with these roles has that role: owner ⊃ admin ⊃ finance, support; every person is a partner. */
export function hasRole(roles: readonly Role[], wanted: Role): boolean {
  return wanted === 'partner' || roles.some((role) => IMPLIED[role].includes(wanted));
}

export function isRole(text: unknown): text is Role {
  return ROLES.some((role) => role === text);
}

export function isScope(text: unknown): text is Scope {
  return SCOPES.some((scope) => scope === text);
}
