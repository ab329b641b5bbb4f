import { formatDecimal, parseDecimal } from '@dailydoco/money';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { accountIdOf } from './accounts.js';
import type { Answer } from './answer.js';
import { expecting, get } from './gateway.js';
import { soon } from './waiting.js';
import type { Commission, Money, Page, TrialBalance } from './wire.js';
import {
  at,
  balanceOf,
  money,
  newKey,
  openTenant,
  type Person,
  record,
  refund,
  registerChain,
  type Tenant,
  withRoles,
} from './world.js';

interface StatementLine {
  readonly id: string;
  /** Signed: what the posting did to the balance. */
  readonly amount: Money;
  readonly balance: Money;
  readonly cause: unknown;
}

let tenant: Tenant;
/** Ada, Ben, Cleo; Cleo buys. */
let chain: Person[];
let finance: Person;
let key: string;
/** All that Ben earned, in USD. */
const BEN_EARNED = '33.575';

beforeAll(async () => {
  tenant = await openTenant('ledger');
  chain = await registerChain(tenant, 3);
  finance = await withRoles(tenant, at(chain, 0), 'finance');
  key = (await newKey(tenant, 'purchases:write', 'purchases:read')).key;
  const buyer = at(chain, 2);
  // Level 1 is Ben's: 15.80 − 7.90, then 19.995, then 1.68 + 4.00.
  const first = await record(key, buyer);
  await refund(key, first.id, { amount: money('39.50') });
  for (const amount of ['99.975', '8.40', '20.00']) await record(key, buyer, { amount: money(amount) });
  await record(key, buyer, { amount: money('10.00', 'EUR') });
  // The last purchase is the one in euros; when it is there, all are.
  await soon(async () => expect((await balanceOf(ben(), 'EUR')).pending).toBe('2.00'));
});

const ben = () => at(chain, 1);
const micros = (text: string): bigint =>
  text.startsWith('-') ? -(parseDecimal(text.slice(1)) ?? 0n) : (parseDecimal(text) ?? 0n);

describe('the balances', () => {
  it('say in each currency what is pending, held, available, on its way and paid', async () => {
    const { balances } = expecting(200, await get('/v1/balances/me', { as: ben().token }));
    const zero = (currency: string) => money('0.00', currency);
    const none = (currency: string) => ({
      held: zero(currency),
      available: zero(currency),
      inTransit: zero(currency),
      paid: zero(currency),
    });
    expect(balances.length).toBe(2);
    for (const [currency, pending] of [
      ['USD', BEN_EARNED],
      ['EUR', '2.00'],
    ] as const) {
      const balance = balances.find((each: { currency: string }) => each.currency === currency);
      expect(balance).toMatchObject({ currency, pending: money(pending, currency), ...none(currency) });
    }
  });

  it('are empty for somebody who never earned', async () => {
    expect(expecting(200, await get('/v1/balances/me', { as: at(chain, 2).token })).balances).toEqual([]);
  });

  it('equal the commissions that stand', async () => {
    for (const person of chain) {
      const { items } = expecting(
        200,
        await get<Page<Commission>>('/v1/commissions?pageSize=200', { as: person.token }),
      );
      for (const currency of ['USD', 'EUR']) {
        const nets = items.filter(({ net }) => net.currency === currency).map(({ net }) => micros(net.amount));
        const sum = nets.reduce((total, net) => total + net, 0n);
        await soon(async () => expect((await balanceOf(person, currency)).pending).toBe(formatDecimal(sum)));
      }
    }
  });
});

describe('the trial balance', () => {
  it('is zero in every currency, and counts everything', async () => {
    await soon(async () => {
      const { currencies } = expecting(200, await get<TrialBalance>('/v1/ledger/trial-balance', { as: finance.token }));
      expect(currencies.map(({ currency }) => currency).toSorted()).toEqual(['EUR', 'USD']);
      for (const { debit, credit, difference } of currencies) {
        expect([difference, debit]).toEqual(['0.00', credit]);
        expect(micros(debit)).toBeGreaterThan(0n);
      }
    });
  });
});

describe('a statement', () => {
  const statement = (id: string, as: string, query = ''): Promise<Answer<Page<StatementLine>>> =>
    get(`/v1/ledger/accounts/${id}/statement${query}`, { as });

  it('lists every posting with its cause and a running balance that adds up', async () => {
    const id = await accountIdOf(ben(), 'pending');
    const { items } = expecting(200, await statement(id, ben().token));
    expect(items.length).toBe(5);
    const amounts = items.map(({ amount }) => amount.amount);
    expect(amounts.toSorted()).toEqual(['-7.90', '1.68', '15.80', '19.995', '4.00']);
    const inTime = micros(at(items, 0).balance.amount) === 15_800_000n ? items : items.toReversed();
    let balance = 0n;
    for (const line of inTime) {
      balance += micros(line.amount.amount);
      expect(micros(line.balance.amount)).toBe(balance);
      expect(JSON.stringify(line.cause)).toMatch(/purchase|refund/i);
    }
    expect(formatDecimal(balance)).toBe(BEN_EARNED);
  });

  it('is the same read page by page', async () => {
    const id = await accountIdOf(ben(), 'pending');
    const whole = expecting(200, await statement(id, ben().token)).items;
    const pages: StatementLine[] = [];
    let pageToken: string | undefined;
    do {
      const query = new URLSearchParams({ pageSize: '2', ...(pageToken === undefined ? {} : { pageToken }) });
      const page = expecting(200, await statement(id, ben().token, `?${query.toString()}`));
      expect(page.items.length).toBeLessThanOrEqual(2);
      pages.push(...page.items);
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    expect(pages).toEqual(whole);
  });

  it('is read by its person and by finance, and is nobody else’s to read', async () => {
    const id = await accountIdOf(ben(), 'pending');
    expect((await statement(id, finance.token)).status).toBe(200);
    expect([403, 404]).toContain((await statement(id, at(chain, 2).token)).status);
  });

  it('of an account that nobody has is not found', async () => {
    expect((await statement('0197a000-0000-7000-8000-000000000000', finance.token)).status).toBe(404);
    expect((await statement('pending', finance.token)).status).toBe(400);
  });
});
