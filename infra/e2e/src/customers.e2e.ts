import { beforeAll, describe, expect, it } from '@jest/globals';
import { expecting, post } from './gateway.js';
import { soon } from './waiting.js';
import type { Purchase } from './wire.js';
import {
  at,
  balanceOf,
  newKey,
  openTenant,
  type Person,
  readPurchase,
  registerChain,
  sale,
  type Tenant,
} from './world.js';

let tenant: Tenant;
let referrer: Person;
let buyer: Person;
let key: string;

beforeAll(async () => {
  tenant = await openTenant('customers');
  const chain = await registerChain(tenant, 2);
  [referrer, buyer] = [at(chain, 0), at(chain, 1)];
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
});

describe('a purchase of a customer of whom nobody has said who it is', () => {
  it('pays nobody, and its upline once somebody says it', async () => {
    const { buyerId: _, ...json } = sale(buyer);
    const told = await post<Purchase & { status: string }>('/v1/purchases', {
      as: key,
      json: { ...json, customerId: 'cus_e2e' },
    });
    const unattributed = expecting(201, told);
    expect(unattributed).toMatchObject({ status: 'unattributed', buyerId: null, commissions: [] });
    const mapping = { customerId: 'cus_e2e', userId: buyer.id };
    expecting(201, await post('/v1/customers', { as: key, json: mapping }));
    await soon(async () => {
      expect(await readPurchase(key, unattributed.id)).toMatchObject({ status: 'recorded', buyerId: buyer.id });
    });
    await soon(async () => {
      expect((await balanceOf(referrer))['pending']).toBe('15.80');
    });
  });
});
