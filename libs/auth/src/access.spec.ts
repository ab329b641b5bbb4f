import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { authorize, tenantOf } from './access.js';
import type { Access } from './access.js';
import { ROLES, SCOPES, hasRole } from './principal.js';
import type { Principal, Role, Scope } from './principal.js';

const person = (...roles: Role[]): Principal => ({ kind: 'person', userId: 'u', tenantId: 't', roles, sessionId: 's' });
const key = (...scopes: Scope[]): Principal => ({ kind: 'apiKey', apiKeyId: 'k', tenantId: 't', scopes });
const service: Principal = { kind: 'service', service: 'payouts', tenantId: 't' };

/** 'in', or the reason for staying outside. */
function outcome(principal: Principal | undefined, access: Access): string {
  try {
    authorize(principal, access);
    return 'in';
  } catch (error) {
    if (error instanceof DomainError) return error.reason;
    throw error;
  }
}

const CALLERS: Record<string, Principal | undefined> = {
  nobody: undefined,
  partner: person('partner'),
  finance: person('partner', 'finance'),
  admin: person('admin'),
  owner: person('owner'),
  reader: key('purchases:read'),
  writer: key('purchases:write'),
  backdater: key('purchases:write', 'purchases:backdate'),
  service,
};

const F = 'FORBIDDEN';
const U = 'UNAUTHENTICATED';
const S = 'SCOPE_MISSING';
const ok = 'in';

describe('authorize', () => {
  const table: [name: string, access: Access, expected: Record<keyof typeof CALLERS, string>][] = [
    [
      'anyone',
      { anyone: true },
      {
        nobody: ok,
        partner: ok,
        finance: ok,
        admin: ok,
        owner: ok,
        reader: ok,
        writer: ok,
        backdater: ok,
        service: ok,
      },
    ],
    [
      'any person',
      { person: true },
      { nobody: U, partner: ok, finance: ok, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'any person, said the long way',
      { person: {} },
      { nobody: U, partner: ok, finance: ok, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'finance',
      { person: { roles: ['finance'] } },
      { nobody: U, partner: F, finance: ok, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'support',
      { person: { roles: ['support'] } },
      { nobody: U, partner: F, finance: F, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'finance or support',
      { person: { roles: ['support', 'finance'] } },
      { nobody: U, partner: F, finance: ok, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'admin',
      { person: { roles: ['admin'] } },
      { nobody: U, partner: F, finance: F, admin: ok, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'owner',
      { person: { roles: ['owner'] } },
      { nobody: U, partner: F, finance: F, admin: F, owner: ok, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'a key that writes',
      { apiKey: { scopes: ['purchases:write'] } },
      { nobody: U, partner: F, finance: F, admin: F, owner: F, reader: S, writer: ok, backdater: ok, service: F },
    ],
    [
      'a key that writes and backdates',
      { apiKey: { scopes: ['purchases:write', 'purchases:backdate'] } },
      { nobody: U, partner: F, finance: F, admin: F, owner: F, reader: S, writer: S, backdater: ok, service: F },
    ],
    [
      'a key that reads, or finance',
      { apiKey: { scopes: ['purchases:read'] }, person: { roles: ['finance'] } },
      { nobody: U, partner: F, finance: ok, admin: ok, owner: ok, reader: ok, writer: S, backdater: S, service: F },
    ],
    [
      'a service',
      { service: true },
      { nobody: U, partner: F, finance: F, admin: F, owner: F, reader: F, writer: F, backdater: F, service: ok },
    ],
    [
      'nobody, by naming no one',
      {},
      { nobody: U, partner: F, finance: F, admin: F, owner: F, reader: F, writer: F, backdater: F, service: F },
    ],
    [
      'nobody, by naming empty lists',
      { person: { roles: [] }, apiKey: { scopes: [] } },
      { nobody: U, partner: F, finance: F, admin: F, owner: F, reader: S, writer: S, backdater: S, service: F },
    ],
  ];

  it.each(table)('lets in exactly whom it names: %s', (_name, access, expected) => {
    const outcomes = Object.fromEntries(
      Object.entries(CALLERS).map(([who, principal]) => [who, outcome(principal, access)]),
    );
    expect(outcomes).toEqual(expected);
  });

  it('never lets a person in by a role the person does not have or imply', () => {
    const roles = fc.subarray([...ROLES]);
    fc.assert(
      fc.property(roles, roles, (held, wanted) => {
        const inside = outcome(person(...held), { person: { roles: wanted } }) === 'in';
        expect(inside).toBe(wanted.some((role) => hasRole(held, role)));
      }),
    );
  });

  it('asks a key for every scope, not for any', () => {
    const scopes = fc.subarray([...SCOPES]);
    fc.assert(
      fc.property(scopes, fc.subarray([...SCOPES], { minLength: 1 }), (held, wanted) => {
        const inside = outcome(key(...held), { apiKey: { scopes: wanted } }) === 'in';
        expect(inside).toBe(wanted.every((scope) => held.includes(scope)));
      }),
    );
  });
});

describe('hasRole', () => {
  const implied: [Role, Role[]][] = [
    ['owner', ['owner', 'admin', 'finance', 'support', 'partner']],
    ['admin', ['admin', 'finance', 'support', 'partner']],
    ['finance', ['finance', 'partner']],
    ['support', ['support', 'partner']],
    ['partner', ['partner']],
  ];
  it.each(implied)('%s is all of %p and nothing else', (role, expected) => {
    expect(ROLES.filter((wanted) => hasRole([role], wanted))).toEqual(expected);
  });
});

describe('tenantOf', () => {
  it('is the tenant of the caller', () => {
    expect([person('partner'), key('ai:invoke'), service].map(tenantOf)).toEqual(['t', 't', 't']);
  });

  it('is refused to a service that calls for none', () => {
    expect(() => tenantOf({ kind: 'service', service: 'payouts' })).toThrow(
      expect.objectContaining({ reason: 'FORBIDDEN' }),
    );
  });
});
