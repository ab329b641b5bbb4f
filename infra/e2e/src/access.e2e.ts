import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Admitted, type Endpoint, ENDPOINTS } from './endpoints.js';
import { call, get, post } from './gateway.js';
import { newKey, openTenant, register, type Scope, SCOPES, type Tenant, withRoles } from './world.js';

// Who may call what. Credentials are looked at before anything else, so no body and no real id is needed here.

type Caller = 'partner' | 'support' | 'finance' | 'admin' | 'owner' | `key without ${Scope}` | 'key with every scope';

const PEOPLE: readonly Caller[] = ['partner', 'support', 'finance', 'admin', 'owner'];
const tokens = new Map<Caller, string>();
let tenant: Tenant;

beforeAll(async () => {
  tenant = await openTenant('access');
  tokens.set('owner', tenant.owner.token);
  tokens.set('partner', (await register(tenant)).token);
  for (const role of ['support', 'finance', 'admin'] as const)
    tokens.set(role, (await withRoles(tenant, await register(tenant), role)).token);
  tokens.set('key with every scope', (await newKey(tenant, ...SCOPES)).key);
  for (const scope of SCOPES)
    tokens.set(`key without ${scope}`, (await newKey(tenant, ...SCOPES.filter((other) => other !== scope))).key);
});

const guarded = ENDPOINTS.filter(({ admits }) => admits.anyone !== true);
const named = (endpoints: readonly Endpoint[]) =>
  endpoints.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint] as const);

const callAs = (as: string | undefined, { method, path }: Endpoint) =>
  call(
    method,
    path.replace(/\{[a-z]+\}/g, () => randomUUID()),
    { as },
  );

/** Who must stay outside. */
function strangersTo({ person, key }: Admitted): Caller[] {
  const people: Record<NonNullable<Admitted['person']>, readonly Caller[]> = {
    any: [],
    support: ['partner'],
    finance: ['partner', 'support'],
    admin: ['partner', 'support', 'finance'],
    'installation owner': PEOPLE,
  };
  return [
    ...(person === undefined ? PEOPLE : people[person]),
    key === undefined ? 'key with every scope' : (`key without ${key}` as const),
  ];
}

describe.each(named(guarded))('%s', (_name, endpoint) => {
  it('is refused without credentials', async () => {
    const { status, headers } = await callAs(undefined, endpoint);
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toMatch(/^Bearer/);
  });

  it.each(strangersTo(endpoint.admits).map((caller) => [caller]))('is refused for: %s', async (caller) => {
    expect((await callAs(tokens.get(caller), endpoint)).status).toBe(403);
  });
});

describe('credentials that do not hold', () => {
  const changed = (token: string): string => {
    const [head = '', , signature = ''] = token.split('.');
    const claims = { iss: 'somebody', aud: 'dailydoco', sub: randomUUID(), tid: randomUUID(), roles: ['owner'] };
    return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  };
  const unsigned = (token: string): string =>
    [Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url'), token.split('.')[1], ''].join('.');

  it.each<[string, (token: string) => string]>([
    ['no token at all', () => 'nonsense'],
    ['an API key that nobody was given', () => `dd_${'A'.repeat(43)}`],
    ['another payload under a good signature', changed],
    ['no signature', unsigned],
    ['a token cut short', (token) => token.slice(0, -3)],
  ])('%s: refused by every service', async (_what, spoil) => {
    const as = spoil(tenant.owner.token);
    const paths = [
      '/v1/users/me',
      '/v1/plans',
      '/v1/balances/me',
      '/v1/metrics/viral',
      '/v1/templates',
      '/ai/v1/models',
    ];
    for (const path of paths) expect([path, (await get(path, { as })).status]).toEqual([path, 401]);
  });

  it('are refused in another scheme than Bearer', async () => {
    const authorization = `Basic ${Buffer.from('admin:admin').toString('base64')}`;
    expect((await get('/v1/users/me', { headers: { authorization } })).status).toBe(401);
  });

  it('do not stop what everybody may do', async () => {
    const json = { refreshToken: 'not one of ours' };
    const answer = await post('/v1/auth/refresh', { as: 'nonsense', json });
    expect([answer.status, answer.body.code]).toEqual([401, 'REFRESH_TOKEN_INVALID']);
  });
});
