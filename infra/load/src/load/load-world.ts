import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Api, type Fleet, type Registered } from '@dailydoco/local';
import { makeBuyers } from '../bench/buyers.js';
import { makeWorld } from '../world.js';

const PEOPLE = 20;
const BUYERS = 50;
const SITES = 5;

/** Who lives in the fleet that is loaded: what the scripts read from the file. */
interface LoadWorld {
  readonly gatewayUrl: string;
  readonly host: string;
  readonly adminToken: string;
  readonly apiKey: string;
  readonly people: readonly { id: string; email: string; password: string; token: string; code: string }[];
  readonly buyers: readonly { id: string }[];
  readonly sites: readonly { slug: string; code: string; writeKey: string }[];
}

type Person = LoadWorld['people'][number];

async function person(identity: Api, api: Api, host: string, name: string): Promise<Person> {
  const email = `${name}@example.com`;
  const password = randomBytes(15).toString('base64url');
  const body = { email, password, displayName: name };
  const { user, tokens } = await identity.post<Registered>('/v1/auth/register', body, { host });
  const token = tokens.accessToken;
  const { code } = await api.get<{ code: string }>('/v1/referrals/me', { token });
  return { id: user.id, email, password, token, code };
}

async function site(api: Api, { token, code }: Person, templateId: string): Promise<LoadWorld['sites'][number]> {
  const made = await api.post<{ id: string; slug: string }>('/v1/sites', { name: 'A page', templateId }, { token });
  await api.post(`/v1/sites/${made.id}/publish`, undefined, { token });
  const { key } = await api.post<{ key: string }>(`/v1/sites/${made.id}/write-keys`, undefined, { token });
  return { slug: made.slug, code, writeKey: key };
}

/** Fills a fresh fleet with people, buyers below a chain of seven, published sites and keys, and tells the scripts. */
export async function writeLoadWorld(fleet: Fleet, file: string): Promise<void> {
  const world = await makeWorld(fleet);
  const { api, tenant, run } = world;
  // Straight to identity, where no limit counts the requests of one address.
  const identity = new Api(`http://127.0.0.1:${fleet.addresses.ports.identity.http}`);
  const people: Person[] = [];
  for (let index = 0; index < PEOPLE; index += 1)
    people.push(await person(identity, api, tenant.host, `partner-${index}-${run}`));
  const token = people[0]?.token ?? '';
  const templates = await api.get<{ items: { id: string }[] }>('/v1/templates', { token });
  const templateId = templates.items[0]?.id ?? '';
  const sites = await Promise.all(people.slice(0, SITES).map((owner) => site(api, owner, templateId)));
  const buyers = await makeBuyers(fleet, world, BUYERS);
  const admin = await api.post<{ tokens: { accessToken: string } }>('/v1/auth/login', fleet.addresses.admin);
  const { key } = await api.post<{ key: string }>(
    '/v1/api-keys',
    { name: 'load', scopes: ['purchases:write', 'purchases:read', 'events:write'] },
    { token: tenant.ownerToken },
  );
  const told: LoadWorld = {
    gatewayUrl: fleet.addresses.gatewayUrl,
    host: tenant.host,
    adminToken: admin.tokens.accessToken,
    apiKey: key,
    people,
    buyers: buyers.map(({ user }) => ({ id: user.id })),
    sites,
  };
  writeFileSync(file, JSON.stringify(told), { mode: 0o600 });
}
