import { randomBytes } from 'node:crypto';
import type { Api } from './api.js';

/** A person as registration answers. */
export interface Registered {
  readonly user: { readonly id: string; readonly displayName: string };
  readonly tokens: { readonly accessToken: string; readonly refreshToken: string };
}

export interface OpenedTenant {
  /** The host whose signed-out requests belong to this tenant. */
  readonly host: string;
  readonly owner: { readonly email: string; readonly password: string };
  readonly ownerToken: string;
  /** May write and read purchases. */
  readonly apiKey: string;
}

/** The chain of the story: each is referred by the one before; the last one buys. */
export const CHAIN = ['Ada', 'Ben', 'Cleo', 'Dara', 'Emil', 'Fay', 'Gus', 'Hana'] as const;

/** A tenant of its own, named after the run, with an owner and an API key for its billing. */
export async function openTenant(
  api: Api,
  admin: { readonly email: string; readonly password: string },
  run: string,
): Promise<OpenedTenant> {
  const login = await api.post<{ tokens: { accessToken: string } }>('/v1/auth/login', admin);
  const host = `demo-${run}.localhost`;
  const owner = { email: `owner-${run}@example.com`, password: randomBytes(15).toString('base64url') };
  await api.post(
    '/v1/tenants',
    { name: `Demo ${run}`, hosts: [host], owner: { ...owner, displayName: 'Demo Owner' } },
    { token: login.tokens.accessToken },
  );
  const entered = await api.post<{ tokens: { accessToken: string } }>('/v1/auth/login', owner, { host });
  const key = await api.post<{ key: string }>(
    '/v1/api-keys',
    { name: 'billing', scopes: ['purchases:write', 'purchases:read'] },
    { token: entered.tokens.accessToken },
  );
  return { host, owner, ownerToken: entered.tokens.accessToken, apiKey: key.key };
}

/** Registers the chain in a tenant, each with the code of the one before. */
export async function registerChain(api: Api, host: string, run: string): Promise<Registered[]> {
  const people: Registered[] = [];
  let referralCode: string | undefined;
  for (const name of CHAIN) {
    const body = {
      email: `${name.toLowerCase()}-${run}@example.com`,
      password: randomBytes(15).toString('base64url'),
      displayName: name,
      ...(referralCode === undefined ? {} : { referralCode }),
    };
    const registered = await api.post<Registered>('/v1/auth/register', body, { host });
    people.push(registered);
    referralCode = (await api.get<{ code: string }>('/v1/referrals/me', { token: registered.tokens.accessToken })).code;
  }
  return people;
}
