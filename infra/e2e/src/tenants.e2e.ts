import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { accountIdOf } from './accounts.js';
import { fleet } from './fleet.js';
import type { Answer } from './answer.js';
import { call, type CallOptions, expecting, get, post } from './gateway.js';
import { soon } from './waiting.js';
import type { Page, Registration } from './wire.js';
import {
  addPlan,
  at,
  balanceOf,
  installationOwner,
  logIn,
  money,
  newEmail,
  newKey,
  newPassword,
  openTenant,
  type Person,
  planOf,
  publishSite,
  record,
  refund,
  register,
  registerChain,
  sale,
  SCOPES,
  type Tenant,
  unique,
} from './world.js';

/** A tenant with one of everything. */
interface Settled {
  readonly tenant: Tenant;
  readonly key: string;
  readonly referrer: Person;
  readonly buyer: Person;
}

let ours: Settled;
let theirs: Settled;
/** Ids of the other tenant's things. */
const ids = new Map<string, string>();

async function settle(name: string): Promise<Settled> {
  const tenant = await openTenant(name);
  const [referrer, buyer] = await registerChain(tenant, 2);
  if (referrer === undefined || buyer === undefined) throw new Error('the chain is not whole');
  return { tenant, key: (await newKey(tenant, ...SCOPES)).key, referrer, buyer };
}

const plan = unique('theirs');
const externalId = randomUUID();

beforeAll(async () => {
  ours = await settle('ours');
  theirs = await settle('theirs');
  const { tenant, key, referrer, buyer } = theirs;
  await addPlan(tenant, plan);
  const purchase = await record(key, buyer, { externalId });
  const site = await publishSite(referrer);
  const method = expecting(
    201,
    await post('/v1/payout-methods', { as: referrer.token, json: { kind: 'sandbox', details: {} } }),
  );
  await soon(async () => expect(await balanceOf(referrer)).toMatchObject({ pending: '15.80' }));
  const found = {
    user: buyer.id,
    key: (await newKey(tenant, 'purchases:read')).id,
    purchase: purchase.id,
    refund: (await refund(key, purchase.id, { amount: money('1.00') })).id,
    commission: at(purchase.commissions, 0).id,
    site: site.id,
    method: method.id,
    account: await accountIdOf(referrer, 'pending'),
  };
  for (const [what, id] of Object.entries(found)) ids.set(what, id);
});

describe("another tenant's things", () => {
  const owner = () => ours.tenant.owner.token;
  const person = () => ours.buyer.token;
  const key = () => ours.key;
  const rows: [
    name: string,
    what: string,
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    as: () => string,
    json?: unknown,
  ][] = [
    ["a person's roles", 'user', 'PUT', '/v1/users/{id}/roles', owner, { roles: ['admin'] }],
    ["a person's access", 'user', 'POST', '/v1/users/{id}/suspend', owner],
    ["a person's access, once more", 'user', 'POST', '/v1/users/{id}/reactivate', owner],
    ['an API key', 'key', 'DELETE', '/v1/api-keys/{id}', owner],
    ['a purchase', 'purchase', 'GET', '/v1/purchases/{id}', key],
    ['a purchase, for finance', 'purchase', 'GET', '/v1/purchases/{id}', owner],
    [
      'a refund of a purchase',
      'purchase',
      'POST',
      '/v1/purchases/{id}/refunds',
      key,
      {
        externalId: randomUUID(),
        reason: 'requested',
      },
    ],
    ['the refunds of a purchase', 'purchase', 'GET', '/v1/purchases/{id}/refunds', key],
    ['a commission', 'commission', 'GET', '/v1/commissions/{id}', person],
    ['a commission, for finance', 'commission', 'GET', '/v1/commissions/{id}', owner],
    ['the statement of an account', 'account', 'GET', '/v1/ledger/accounts/{id}/statement', person],
    ['the statement of an account, for finance', 'account', 'GET', '/v1/ledger/accounts/{id}/statement', owner],
    ['a journal', 'account', 'GET', '/v1/ledger/journals/{id}', owner],
    ['a change of the books', 'account', 'GET', '/v1/ledger/adjustments/{id}', owner],
    ['a payout method', 'method', 'DELETE', '/v1/payout-methods/{id}', person],
    ['the publishing of a site', 'site', 'POST', '/v1/sites/{id}/publish', owner],
    ['the write keys of a site', 'site', 'POST', '/v1/sites/{id}/write-keys', owner],
  ];

  // Every row has six parts here: for a parameter without one, the test would be given a callback to wait for.
  const sixParts = rows.map(([name, what, method, path, as, json]) => [name, what, method, path, as, json] as const);

  it.each(sixParts)('%s: answered as if there were none such', async (_name, what, method, path, as, json) => {
    const ask = (id: string) =>
      call(method, path.replace('{id}', id), { as: as(), ...(json === undefined ? {} : { json }) });
    const [foreign, unknown] = [await ask(ids.get(what) ?? ''), await ask(randomUUID())];
    expect(foreign.status).toBe(404);
    expectAlike(foreign, unknown);
  });

  const inBodies: [name: string, method: 'POST' | 'PUT', path: string, as: () => string, json: () => object][] = [
    ['a buyer', 'POST', '/v1/purchases', key, () => sale({ id: theirs.buyer.id })],
    ['a website', 'POST', '/v1/purchases', key, () => sale(ours.buyer, { websiteId: ids.get('site') })],
    ['a plan', 'PUT', '/v1/plans/default', owner, () => ({ planId: plan })],
    ['a payout method', 'POST', '/v1/payouts', person, () => ({ amount: money('1.00'), methodId: ids.get('method') })],
  ];

  it.each(inBodies)('%s named in a body is not found', async (_name, method, path, as, json) => {
    expect((await call(method, path, { as: as(), json: json() })).status).toBe(404);
  });

  it('a purchase by its externalId is not found', async () => {
    expect((await get(`/v1/purchases?externalId=${externalId}`, { as: ours.key })).status).toBe(404);
    expect((await get(`/v1/purchases?externalId=${externalId}`, { as: theirs.key })).status).toBe(200);
  });

  it("somebody's commissions are those of nobody, also for finance", async () => {
    const ask = (id: string) => get<Page<unknown>>(`/v1/commissions?beneficiaryId=${id}`, { as: owner() });
    const [foreign, unknown] = [await ask(theirs.referrer.id), await ask(randomUUID())];
    expectAlike(foreign, unknown);
    expect(foreign.body.items ?? []).toEqual([]);
  });

  it('are as they were, after all that', async () => {
    const { key: theirKey, referrer, tenant } = theirs;
    expect((await get('/v1/users/me', { as: theirs.buyer.token })).body.roles).toEqual(['partner']);
    const purchase = expecting(200, await get(`/v1/purchases/${ids.get('purchase')}`, { as: theirKey }));
    expect(purchase.refunded).toEqual(money('1.00'));
    const methods = expecting(200, await get<Page<{ id: string }>>('/v1/payout-methods', { as: referrer.token }));
    expect(methods.items.map(({ id }) => id)).toEqual([ids.get('method')]);
    const keys = expecting(200, await get<Page<{ id: string }>>('/v1/api-keys', { as: tenant.owner.token }));
    expect(keys.items.map(({ id }) => id)).toContain(ids.get('key'));
  });
});

/** Nothing but the name of the request may tell an answer from another. */
function expectAlike(one: Answer, other: Answer): void {
  const body = ({ body: { traceId: _traceId, ...rest } }: Answer): unknown => rest;
  expect([one.status, body(one)]).toEqual([other.status, body(other)]);
}

describe('lists', () => {
  it.each<[string, () => string]>([
    ['/v1/api-keys', () => ours.tenant.owner.token],
    ['/v1/plans', () => ours.tenant.owner.token],
    ['/v1/commissions', () => ours.referrer.token],
    ['/v1/payout-methods', () => ours.referrer.token],
    ['/v1/payouts', () => ours.referrer.token],
  ])('%s holds nothing of another tenant', async (path, as) => {
    const { text } = await get(path, { as: as() });
    for (const id of [...ids.values(), plan, theirs.referrer.id]) expect(text).not.toContain(id);
  });

  it('of the ledger counts the own tenant only', async () => {
    const currencies = async ({ tenant }: Settled): Promise<unknown> =>
      expecting(200, await get('/v1/ledger/trial-balance', { as: tenant.owner.token })).currencies;
    expect(await currencies(ours)).toEqual([]);
    expect(await currencies(theirs)).not.toEqual([]);
  });
});

describe('the tenant of a call', () => {
  it('is that of the Host, for somebody who registers', async () => {
    const key = await newKey(theirs.tenant, 'purchases:write');
    const person = await register(theirs.tenant);
    expect((await post('/v1/purchases', { as: key.key, json: sale(person) })).status).toBe(201);
    expect((await post('/v1/purchases', { as: ours.key, json: sale(person) })).status).toBe(404);
  });

  it.each([
    ['no host that a tenant has', 'nobody.localhost'],
    ['the host of the gateway', undefined],
  ])('is the default tenant for %s', async (_what, host) => {
    const person = await register({ host });
    expect((await post('/v1/purchases', { as: fleet.apiKey, json: sale(person) })).status).toBe(201);
  });

  it('is that of the token, whatever the Host says', async () => {
    const as = ours.key;
    const { host } = theirs.tenant;
    expect((await post('/v1/purchases', { as, host, json: sale(ours.buyer) })).status).toBe(201);
    expect((await post('/v1/purchases', { as, host, json: sale(theirs.buyer) })).status).toBe(404);
  });

  it('does not come from the path of a referral: a code of another tenant brings nobody in', async () => {
    const { code } = expecting(200, await get('/v1/referrals/me', { as: theirs.referrer.token }));
    const person = await register(ours.tenant, { referralCode: code });
    expect(person.referral.applied).toBe(false);
    const purchase = await record(ours.key, person);
    expect(purchase.commissions).toEqual([]);
  });
});

describe('opening a tenant', () => {
  const open = async (other: object, options: CallOptions = {}) =>
    post('/v1/tenants', {
      as: await installationOwner(),
      json: {
        name: 'A tenant',
        hosts: [`${unique('new')}.localhost`],
        owner: { email: newEmail(), password: newPassword(), displayName: 'Owner' },
        ...other,
      },
      ...options,
    });

  it('gives it an owner and the two plans that ship', async () => {
    const host = `${unique('fresh')}.localhost`;
    const owner = { email: newEmail(), password: newPassword(), displayName: 'Owner' };
    expect((await open({ hosts: [host], owner })).status).toBe(201);
    const { tokens } = await logIn(owner, host);
    const as = tokens.accessToken;
    expect(expecting(200, await get('/v1/users/me', { as })).roles[0]).toBe('owner');
    const plans = expecting(200, await get<Page<{ id: string }>>('/v1/plans', { as }));
    expect(plans.items.map(({ id }) => id)).toEqual(['standard', 'ultraplan']);
  });

  it('is not for the owner of another tenant', async () => {
    expect((await open({}, { as: ours.tenant.owner.token })).status).toBe(403);
  });

  it('is refused for a host that a tenant has', async () => {
    expect((await open({ hosts: [ours.tenant.host] })).status).toBe(409);
  });

  it('is refused for an owner whose e-mail address is taken', async () => {
    const owner = { email: ours.buyer.email, password: newPassword(), displayName: 'Owner' };
    const answer = await open({ owner });
    expect([answer.status, answer.body.code]).toEqual([409, 'EMAIL_TAKEN']);
  });

  it.each<[string, object]>([
    ['no name', { name: '' }],
    ['a host that is none', { hosts: ['not a host'] }],
    ['an owner with a short password', { owner: { email: newEmail(), password: 'short', displayName: 'Owner' } }],
    ['a field that nobody knows', { plan: 'standard' }],
  ])('is refused with %s', async (_what, other) => {
    expect((await open(other)).status).toBe(400);
  });
});

describe('what is unique over the installation', () => {
  it('an address registers in one tenant only', async () => {
    const json = { email: ours.buyer.email, password: newPassword(), displayName: 'Again' };
    const answer = await post<Registration>('/v1/auth/register', { host: theirs.tenant.host, json });
    expect(answer.status).toBe(409);
  });

  it('an externalId is not: two tenants have their own', async () => {
    const purchase = await record(ours.key, ours.buyer, { externalId });
    expect(purchase.id).not.toBe(ids.get('purchase'));
  });

  it('a plan is not: two tenants may name theirs alike', async () => {
    const answer = await post('/v1/plans', { as: ours.tenant.owner.token, json: planOf(plan) });
    expect(answer.status).toBe(201);
  });
});
