import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, get, post, succeeding } from './gateway.js';
import { soon } from './waiting.js';
import type { Commission, Page, Purchase } from './wire.js';
import {
  addPlan,
  at,
  balanceOf,
  logIn,
  money,
  newKey,
  openTenant,
  type Person,
  readPurchase,
  record,
  refund,
  registerChain,
  type Tenant,
  withRoles,
} from './world.js';

let tenant: Tenant;
let chain: Person[];
let finance: Person;
let key: string;
let purchase: Purchase;

beforeAll(async () => {
  tenant = await openTenant('commissions');
  // Ada, Ben, Cleo, Dan: each brought in by the one before. Ada has no need to be somebody else than finance.
  chain = await registerChain(tenant, 4);
  finance = await withRoles(tenant, at(chain, 0), 'finance');
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  purchase = await record(key, at(chain, 3));
});

const list = (as: string, query = '') => get<Page<Commission>>(`/v1/commissions${query}`, { as });
const one = (as: string, id: string) => get(`/v1/commissions/${id}`, { as });
const entryAt = (level: number) => at(purchase.commissions, level - 1);

describe('commissions', () => {
  it('are listed to the person whose they are, newest first', async () => {
    const newer = await record(key, at(chain, 3), { amount: money('10.00') });
    const { items } = expecting(200, await list(at(chain, 2).token));
    expect(items.map(({ purchaseId, level, amount }) => [purchaseId, level, amount])).toEqual([
      [newer.id, 1, money('2.00')],
      [purchase.id, 1, money('15.80')],
    ]);
    expect(new Set(items.map(({ beneficiaryId }) => beneficiaryId))).toEqual(new Set([at(chain, 2).id]));
    expect(expecting(200, await list(at(chain, 3).token)).items).toEqual([]);
  });

  it('are read by finance for anybody', async () => {
    const { items } = expecting(200, await list(finance.token, `?beneficiaryId=${at(chain, 1).id}`));
    expect(items.map(({ beneficiaryId }) => beneficiaryId)).toContain(at(chain, 1).id);
    expect(items.at(-1)).toMatchObject({ purchaseId: purchase.id, level: 2, amount: money('11.85') });
  });

  it('of somebody else are not a person’s to read', async () => {
    const [ben, cleo] = [at(chain, 1), at(chain, 2)];
    expect((await list(ben.token, `?beneficiaryId=${cleo.id}`)).status).toBe(403);
    expect((await one(ben.token, entryAt(1).id)).status).toBe(403);
    expect((await list(ben.token, `?beneficiaryId=${ben.id}`)).status).toBe(200);
    expect((await one(ben.token, entryAt(2).id)).status).toBe(200);
  });

  it.each<[string, string, number]>([
    ['that nobody has', `/v1/commissions/${randomUUID()}`, 404],
    ['under what is no id', '/v1/commissions/mine', 400],
    ['of what is no person', '/v1/commissions?beneficiaryId=me', 400],
    ['by a filter that nobody knows', '/v1/commissions?status=pending', 400],
  ])('%s are refused', async (_what, path, status) => {
    expect((await get(path, { as: finance.token })).status).toBe(status);
  });
});

describe('one commission alone', () => {
  it('says why it is what it is: inputs, plan version, each step, each change', async () => {
    const partly = await record(key, at(chain, 3));
    await refund(key, partly.id, { amount: money('39.50') });
    const answer = expecting(200, await one(at(chain, 2).token, at(partly.commissions, 0).id));
    expect(answer).toMatchObject({
      id: at(partly.commissions, 0).id,
      purchaseId: partly.id,
      kind: 'level',
      level: 1,
      amount: money('15.80'),
      reversed: money('7.90'),
      net: money('7.90'),
      inputs: { amount: money('79.00'), stream: 'subscription' },
      plan: { id: 'standard', version: 1, levelsBps: [2000, 1500, 1000, 800, 500, 300, 200] },
    });
    const own = answer.steps.find((step: { level?: number }) => step.level === 1);
    expect(own).toMatchObject({ rateBps: 2000, amount: money('15.80') });
    expect(answer.steps.some(({ step }: { step: string }) => step === 'cap')).toBe(true);
    expect(answer.changes.at(-1)).toMatchObject({ net: money('7.90'), reason: 'refund' });
  });

  it('does not tell a person who the others are', async () => {
    const { text } = await one(at(chain, 2).token, entryAt(1).id);
    for (const other of [at(chain, 0), at(chain, 1), at(chain, 3)]) expect(text).not.toContain(other.id);
  });
});

describe('a suspended beneficiary', () => {
  it('has pending commissions held, earns nothing new, and gets what was held back when reactivated', async () => {
    const [ben, cleo, dan] = [at(chain, 1), at(chain, 2), at(chain, 3)];
    await addPlan(tenant, 'moving-up', { compression: 'dynamic', streams: ['moving_up'] });
    const held = await record(key, dan);
    succeeding(await post(`/v1/users/${cleo.id}/suspend`, { as: tenant.owner.token }));
    await soon(async () => {
      const { commissions } = await readPurchase(key, held.id);
      expect(commissions.map(({ status }) => status)).toEqual(['held', 'pending', 'pending']);
    });

    const meanwhile = await record(key, dan);
    expect(meanwhile.commissions.map(({ level, beneficiaryId }) => [level, beneficiaryId])).toEqual([
      [2, ben.id],
      [3, at(chain, 0).id],
    ]);
    expect(meanwhile.house).toEqual(money('59.25'));
    const compressed = await record(key, dan, { stream: 'moving_up' });
    expect(compressed.commissions.map(({ level, beneficiaryId }) => [level, beneficiaryId])).toEqual([
      [1, ben.id],
      [2, at(chain, 0).id],
    ]);

    await refund(key, held.id, { amount: money('39.50') });
    const shrunk = at((await readPurchase(key, held.id)).commissions, 0);
    expect([shrunk.status, shrunk.net]).toEqual(['held', money('7.90')]);

    succeeding(await post(`/v1/users/${cleo.id}/reactivate`, { as: tenant.owner.token }));
    await soon(async () => {
      const { commissions } = await readPurchase(key, held.id);
      expect(commissions.map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
    });
    const back = at((await readPurchase(key, held.id)).commissions, 0);
    expect(Date.parse(back.availableAt)).toBeGreaterThan(Date.parse(at(held.commissions, 0).availableAt));
    const { tokens } = await logIn(cleo, tenant.host);
    await soon(async () => expect((await balanceOf({ token: tokens.accessToken })).held).toBe('0.00'));
    expect((await record(key, dan)).commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([
      cleo.id,
      ben.id,
      at(chain, 0).id,
    ]);
  });
});
