import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { formatDecimal, parseDecimal } from '@dailydoco/money';
import Table from 'cli-table3';
import { Api } from './api.js';
import { payBySepaFile } from './demo-bank.js';
import { refundAfterPayout, verifyOwnStatement } from './demo-proof.js';
import { CHAIN, openTenant, type Registered, registerChain } from './demo-world.js';

export interface DemoOptions {
  readonly gatewayUrl: string;
  readonly admin: { readonly email: string; readonly password: string };
  readonly say: (text: string) => void;
}

interface Amount {
  readonly amount: string;
  readonly currency: string;
}

interface Purchase {
  readonly id: string;
  readonly plan: { readonly id: string; readonly version: number } | null;
  readonly commissions: readonly {
    readonly id: string;
    readonly level: number | null;
    readonly beneficiaryId: string;
    readonly rateBps: number;
    readonly amount: Amount;
  }[];
  readonly total: Amount;
  readonly house: Amount;
}

interface TrialBalance {
  readonly currencies: readonly {
    readonly currency: string;
    readonly debit: string;
    readonly credit: string;
    readonly difference: string;
  }[];
}

const PRICE = '79.00';
const DRAIN_TIMEOUT_MS = 60_000;

/** Tells the main job as a story in a tenant of its own, over the public API only. Throws when the numbers are not right. */
export async function tellDemo({ gatewayUrl, admin, say }: DemoOptions): Promise<void> {
  const api = new Api(gatewayUrl);
  const run = randomBytes(4).toString('hex');
  say('\nThe demo: one purchase pays seven people.\n');
  const tenant = await openTenant(api, admin, run);
  say(`1. A company opens its own tenant (host ${tenant.host}) and gets an API key for its billing.`);
  const people = await registerChain(api, tenant.host, run);
  say(`2. ${CHAIN.slice(0, -1).join(' → ')} each bring the next one in; ${CHAIN[7]} is the last.`);
  const site = await publishSite(api, people[6]);
  say(`3. ${CHAIN[6]} publishes a website with a referral banner: ${site.url}`);
  const buyer = person(people, 7);
  const purchase = await api.post<Purchase>(
    '/v1/purchases',
    {
      externalId: `demo-${run}`,
      buyerId: buyer.user.id,
      amount: { amount: PRICE, currency: 'USD' },
      stream: 'subscription',
    },
    { token: tenant.apiKey },
  );
  say(`4. ${buyer.user.displayName} buys for ${PRICE} USD. The answer to the purchase already says who earns what:\n`);
  say(commissionTable(purchase, people));
  await showLedger({ api, purchase, people, ownerToken: tenant.ownerToken, say });
  await showAnalytics(api, tenant.ownerToken, say);
  const { ownerToken, apiKey } = tenant;
  const proof = { api, run, partner: person(people, 6), buyer, ownerToken, apiKey, say };
  await refundAfterPayout(proof);
  await verifyOwnStatement(proof);
  await payBySepaFile({ ...proof, partner: person(people, 5), buyer: person(people, 6) });
}

function person(people: readonly Registered[], index: number): Registered {
  const found = people[index];
  if (found === undefined) throw new Error(`the demo has no person ${index}`);
  return found;
}

async function publishSite(api: Api, owner: Registered | undefined): Promise<{ url: string }> {
  if (owner === undefined) throw new Error('the demo has no site owner');
  const token = owner.tokens.accessToken;
  const templates = await api.get<{ items: { id: string }[] }>('/v1/templates', { token });
  const templateId = templates.items[0]?.id;
  const site = await api.post<{ id: string }>(
    '/v1/sites',
    { name: `${owner.user.displayName}’s page`, templateId },
    { token },
  );
  return api.post<{ url: string }>(`/v1/sites/${site.id}/publish`, undefined, { token });
}

function commissionTable(purchase: Purchase, people: readonly Registered[]): string {
  const table = new Table({
    head: ['level', 'who', 'why', 'gets'],
    colAligns: ['right', 'left', 'left', 'right'],
    style: { head: [], border: [] },
  });
  for (const commission of purchase.commissions) {
    const who =
      people.find(({ user }) => user.id === commission.beneficiaryId)?.user.displayName ?? commission.beneficiaryId;
    table.push([
      String(commission.level ?? 'site'),
      who,
      `${commission.rateBps / 100} % of ${PRICE} (plan ${purchase.plan?.id}, version ${purchase.plan?.version})`,
      commission.amount.amount,
    ]);
  }
  table.push(['', 'together', '', purchase.total.amount], ['', 'the house keeps', '', purchase.house.amount]);
  return table.toString();
}

interface LedgerPart {
  readonly api: Api;
  readonly purchase: Purchase;
  readonly people: readonly Registered[];
  readonly ownerToken: string;
  readonly say: (text: string) => void;
}

/** Waits until the events have reached the ledger, then shows each balance and the trial balance. */
async function showLedger({ api, purchase, people, ownerToken, say }: LedgerPart): Promise<void> {
  const startedAt = performance.now();
  const total = parseDecimal(purchase.total.amount);
  let balances: string[] = [];
  for (;;) {
    balances = await Promise.all(people.map(({ tokens }) => pendingOf(api, tokens.accessToken)));
    const sum = balances.reduce((micros, text) => micros + (parseDecimal(text) ?? 0n), 0n);
    if (sum === total) break;
    if (performance.now() - startedAt > DRAIN_TIMEOUT_MS)
      throw new Error(
        `the ledger holds ${formatDecimal(sum)} of ${purchase.total.amount} after ${DRAIN_TIMEOUT_MS / 1000} s`,
      );
    await wait(100);
  }
  say(
    `\n5. After ${((performance.now() - startedAt) / 1000).toFixed(1)} s the ledger has it too. Pending until the hold ends:`,
  );
  say(`   ${people.map(({ user }, index) => `${user.displayName} ${balances[index]}`).join(' · ')}`);
  const trial = await api.get<TrialBalance>('/v1/ledger/trial-balance', { token: ownerToken });
  for (const line of trial.currencies) {
    say(
      `6. Trial balance in ${line.currency}: debit ${line.debit}, credit ${line.credit}, difference ${line.difference}.`,
    );
    if (line.difference !== '0.00') throw new Error('the trial balance does not balance');
  }
  if (trial.currencies.length === 0) throw new Error('the trial balance is empty');
}

async function pendingOf(api: Api, token: string): Promise<string> {
  const { balances } = await api.get<{ balances: { currency: string; pending: Amount }[] }>('/v1/balances/me', {
    token,
  });
  return balances.find(({ currency }) => currency === 'USD')?.pending.amount ?? '0.00';
}

async function showAnalytics(api: Api, token: string, say: (text: string) => void): Promise<void> {
  const hour = 3_600_000;
  const now = Date.now();
  const query = new URLSearchParams({
    from: new Date(now - hour).toISOString(),
    to: new Date(now + hour).toISOString(),
  });
  const startedAt = performance.now();
  for (;;) {
    const metrics = await api.get<{
      registrations: number;
      referredRegistrations: number;
      kFactor: number;
      purchases: number;
    }>(`/v1/metrics/viral?${query.toString()}`, { token });
    if (metrics.purchases === 1 && metrics.referredRegistrations === CHAIN.length - 1) {
      say(
        `7. Analytics saw it: ${metrics.registrations} registrations, ${metrics.referredRegistrations} of them referred (K-factor ${metrics.kFactor.toFixed(3)}), ${metrics.purchases} purchase.`,
      );
      return;
    }
    if (performance.now() - startedAt > DRAIN_TIMEOUT_MS)
      throw new Error(`analytics shows ${JSON.stringify(metrics)} after ${DRAIN_TIMEOUT_MS / 1000} s`);
    await wait(200);
  }
}
