import { randomBytes, randomUUID } from 'node:crypto';
import { fleet } from './fleet.js';
import { expecting, get, post, put, succeeding } from './gateway.js';
import type {
  Balance,
  Money,
  Purchase,
  Refund,
  ReferralSummary,
  Registration,
  SignedIn,
  Site,
  Tokens,
} from './wire.js';

/** Every scope an API key can have. */
export const SCOPES = ['purchases:write', 'purchases:read', 'purchases:backdate', 'events:write', 'ai:invoke'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  /** Their access token, good for 15 minutes. */
  readonly token: string;
  readonly tokens: Tokens;
  readonly referral: Registration['referral'];
}

export interface Tenant {
  /** The host whose signed-out requests belong to the tenant; undefined for the default tenant. */
  readonly host: string | undefined;
  readonly owner: Pick<Person, 'id' | 'email' | 'password' | 'token'>;
}

/** Different in every run, so that a suite can be run again against the same fleet. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;
export const newEmail = (name = 'person'): string => `${unique(name)}@example.com`;
export const newPassword = (): string => randomBytes(15).toString('base64url');

export const money = (amount: string, currency = 'USD'): Money => ({ amount, currency });

export async function logIn(
  who: { readonly email: string; readonly password: string },
  host?: string,
): Promise<SignedIn> {
  const { email, password } = who;
  return expecting(200, await post<SignedIn>('/v1/auth/login', { host, json: { email, password } }));
}

/** A token of the owner of the installation. */
export async function installationOwner(): Promise<string> {
  return (await logIn(fleet.admin)).tokens.accessToken;
}

/** A tenant of its own with an owner; neither counts as a registration at the gateway. */
export async function openTenant(name = 'tenant'): Promise<Tenant & { host: string }> {
  const host = `${unique(name)}.localhost`;
  const owner = { email: newEmail('owner'), password: newPassword(), displayName: 'The Owner' };
  const json = { name: host, hosts: [host], owner };
  succeeding(await post('/v1/tenants', { as: await installationOwner(), json }));
  const { user, tokens } = await logIn(owner, host);
  return { host, owner: { id: user.id, email: owner.email, password: owner.password, token: tokens.accessToken } };
}

/** Somebody new in the tenant, or in the default one. */
export async function register(
  tenant: Pick<Tenant, 'host'> | undefined,
  given: { referralCode?: string; cookie?: string; displayName?: string } = {},
): Promise<Person> {
  const { referralCode, cookie, displayName = 'Somebody' } = given;
  const [email, password] = [newEmail(), newPassword()];
  const answer = await post<Registration>('/v1/auth/register', {
    host: tenant?.host,
    json: { email, password, displayName, ...(referralCode === undefined ? {} : { referralCode }) },
    ...(cookie === undefined ? {} : { headers: { cookie } }),
  });
  const { user, tokens, referral } = expecting(201, answer);
  return { id: user.id, email, password, token: tokens.accessToken, tokens, referral };
}

export async function referralsOf(person: Pick<Person, 'token'>): Promise<ReferralSummary> {
  return expecting(200, await get<ReferralSummary>('/v1/referrals/me', { as: person.token }));
}

/** So many people, each brought in by the one before; the last has all others above. */
export async function registerChain(tenant: Tenant, length: number): Promise<Person[]> {
  const people: Person[] = [];
  let referralCode: string | undefined;
  for (let place = 0; place < length; place += 1) {
    const person = await register(tenant, referralCode === undefined ? {} : { referralCode });
    people.push(person);
    if (place < length - 1) referralCode = (await referralsOf(person)).code;
  }
  return people;
}

/** The person at a place of a list that is long enough. */
export function at<Item>(items: readonly Item[], index: number): Item {
  const item = items.at(index);
  if (item === undefined) throw new Error(`there is nothing at ${index} of ${items.length}`);
  return item;
}

export async function newKey(tenant: Tenant, ...scopes: readonly Scope[]): Promise<{ id: string; key: string }> {
  const json = { name: unique('key'), scopes };
  return expecting(201, await post<{ id: string; key: string }>('/v1/api-keys', { as: tenant.owner.token, json }));
}

/** Gives a person roles; a token with them comes from the next login. */
export async function withRoles(tenant: Tenant, person: Person, ...roles: readonly string[]): Promise<Person> {
  succeeding(await put(`/v1/users/${person.id}/roles`, { as: tenant.owner.token, json: { roles } }));
  const { tokens } = await logIn(person, tenant.host);
  return { ...person, token: tokens.accessToken, tokens };
}

/** The body of a purchase: 79.00 USD under an external id of its own. */
export const sale = (buyer: { readonly id: string }, other: object = {}): Record<string, unknown> => ({
  externalId: randomUUID(),
  buyerId: buyer.id,
  amount: money('79.00'),
  stream: 'subscription',
  ...other,
});

export async function record(key: string, buyer: { readonly id: string }, other: object = {}): Promise<Purchase> {
  return expecting(201, await post<Purchase>('/v1/purchases', { as: key, json: sale(buyer, other) }));
}

export async function readPurchase(key: string, id: string): Promise<Purchase> {
  return expecting(200, await get<Purchase>(`/v1/purchases/${id}`, { as: key }));
}

export async function refund(key: string, purchaseId: string, other: object = {}): Promise<Refund> {
  const json = { externalId: randomUUID(), reason: 'requested', ...other };
  return expecting(201, await post<Refund>(`/v1/purchases/${purchaseId}/refunds`, { as: key, json }));
}

/** A plan version of the tenant: seven levels as `standard` has them unless told otherwise, effective now. */
export const planOf = (id: string, other: object = {}): Record<string, unknown> => ({
  id,
  levelsBps: [2000, 1500, 1000, 800, 500, 300, 200],
  websiteBonusBps: 500,
  maxPayoutBps: 7000,
  compression: 'none',
  holdDays: 30,
  recurring: 'all',
  streams: [],
  ...other,
});

export async function addPlan(tenant: Tenant, id: string, other: object = {}): Promise<void> {
  succeeding(await post('/v1/plans', { as: tenant.owner.token, json: planOf(id, other) }));
}

/** A person's balance in one currency; all zero as long as there is none. */
export async function balanceOf(person: Pick<Person, 'token'>, currency = 'USD'): Promise<Record<string, string>> {
  const { balances } = expecting(
    200,
    await get<{ balances: readonly Balance[] }>('/v1/balances/me', { as: person.token }),
  );
  const balance = balances.find((each) => each.currency === currency);
  const amounts = { pending: '0.00', held: '0.00', available: '0.00', inTransit: '0.00', paid: '0.00' };
  if (balance === undefined) return amounts;
  return Object.fromEntries(Object.keys(amounts).map((name) => [name, balance[name as keyof typeof amounts].amount]));
}

/** A site of the person's, published. */
export async function publishSite(person: Pick<Person, 'token'>): Promise<Site & { url: string }> {
  const as = person.token;
  const templates = expecting(200, await get<{ items: { id: string }[] }>('/v1/templates', { as }));
  const json = { name: unique('site'), templateId: templates.items[0]?.id };
  const site = expecting(201, await post<Site>('/v1/sites', { as, json }));
  const { url } = expecting(200, await post<{ url: string }>(`/v1/sites/${site.id}/publish`, { as }));
  return { ...site, url };
}
