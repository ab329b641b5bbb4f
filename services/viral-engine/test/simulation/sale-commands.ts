import { keyClaim, requestHash } from '@dailydoco/http';
import { currencyOf } from '@dailydoco/money';
import type { IncomingPurchase, UnattributedPurchase } from '../../src/customers/unattributed-purchase.js';
import { asCustomerId, asUserId, asWebsiteId } from '../../src/ids.js';
import { viewPurchase, viewUnattributed } from '../../src/purchases/purchase-view.http.js';
import type { RecordedPurchase } from '../../src/purchases/record-purchase.js';
import type { ToldSale } from './auditor.js';
import { insist } from './broken.js';
import { refusal } from './refusal.js';
import type { World } from './world.js';

export interface SaleInput {
  readonly who: number;
  readonly amount: bigint;
  readonly currency: string;
  readonly stream: string;
  readonly tag: string | null;
  readonly website: number | null;
  readonly daysAgo: number;
  readonly keyed: boolean;
  readonly metadata: boolean;
  /** How many times it is sent at once. */
  readonly copies: number;
}

const DAY_MS = 86_400_000;

/** Sells at the same moment: what one process gets may be committed together. */
export async function sell(world: World, inputs: readonly SaleInput[], newcomer?: string): Promise<void> {
  await Promise.all(
    inputs.map((input) => {
      const buyer = newcomer ?? world.one(world.people, input.who);
      return send(world, { ...toldOf(world, input), buyer, customer: undefined }, input);
    }),
  );
}

/** A sale that names a customer of the billing system. */
export async function saleBy(world: World, customer: number, input: SaleInput): Promise<void> {
  await send(world, { ...toldOf(world, input), buyer: undefined, customer: `cus_${customer}` }, input);
}

/** A sale that was told before comes in once more, as it was or with another amount. */
export async function sellAgain(world: World, choice: number, content: 'same' | 'other'): Promise<void> {
  const all = [...world.told.sales.values()].flatMap(([first]) => first ?? []);
  if (all.length === 0) return;
  const told = world.one(all, choice);
  const again = content === 'same' ? told : { ...told, amount: told.amount + 1n };
  await send(world, again, { keyed: content === 'same', metadata: false, copies: 1 });
}

/** Says which user a customer is. */
export async function mapTo(
  world: World,
  { customer, who, twice }: { customer: number; who: number; twice: boolean },
): Promise<void> {
  const customerId = `cus_${customer}`;
  const userId = world.one(world.people, who);
  const said = world.told.mappings.get(customerId) ?? new Set();
  world.told.mappings.set(customerId, said.add(userId));
  const key = `map ${customerId} ${userId}`;
  const { tenantId } = world;
  const order = { tenantId, customerId: asCustomerId(customerId), userId: asUserId(userId), mappedBy: 'simulation' };
  const map = async (): Promise<void> => {
    try {
      await world.attempt((process) =>
        process.customers.map(order, { call: callOf(world, key), answer: () => ({ status: 201, body: {} }) }),
      );
      insist(world.auditor.customers.get(customerId) === userId, () => `${customerId} was mapped and is not`);
    } catch (error) {
      refusal(error, 'CUSTOMER_CONFLICT');
      const is = world.auditor.customers.get(customerId);
      insist(is !== undefined && is !== userId, () => `${customerId} is ${is}, and ${userId} was refused`);
      world.tally.count('refused: CUSTOMER_CONFLICT');
    }
  };
  await Promise.all(twice ? [map(), map()] : [map()]);
}

/** Where a key holds, and what is hashed of the request. */
export function callOf(world: World, key: string | undefined, content = '') {
  const { tenantId } = world;
  const scope = { tenantId, callerId: 'apiKey:simulation', method: 'POST', path: '/v1' };
  return { key, scope, requestHash: requestHash({ key, content }) };
}

function toldOf(world: World, input: SaleInput): Omit<ToldSale, 'buyer' | 'customer'> {
  return {
    externalId: world.newId(),
    amount: input.amount,
    currency: input.currency,
    stream: input.stream,
    tag: input.tag ?? undefined,
    website: input.website === null ? undefined : world.one(world.websites, input.website),
    occurredAt: input.daysAgo === 0 ? undefined : world.now - input.daysAgo * DAY_MS,
  };
}

async function send(
  world: World,
  told: ToldSale,
  how: { readonly keyed: boolean; readonly metadata: boolean; readonly copies: number },
): Promise<void> {
  const before = world.told.sales.get(told.externalId) ?? [];
  world.told.sales.set(told.externalId, [...before, told]);
  const once = async (): Promise<void> => {
    try {
      believe(world, told, await ask(world, told, how));
    } catch (error) {
      refusal(error, 'PURCHASE_CONFLICT');
      insist(isOtherwise(world, told), () => `${told.externalId} was refused, and there is no other`);
      world.tally.count('refused: PURCHASE_CONFLICT');
    }
  };
  await Promise.all(Array.from({ length: how.copies }, once));
}

async function ask(
  world: World,
  told: ToldSale,
  { keyed, metadata }: { readonly keyed: boolean; readonly metadata: boolean },
): Promise<RecordedPurchase> {
  const { buyer, customer, website, occurredAt, externalId } = told;
  const order = {
    tenantId: world.tenantId,
    externalId,
    amount: { amountMicros: told.amount, currency: currencyOf(told.currency) },
    stream: told.stream,
    productTag: told.tag,
    websiteId: website === undefined ? undefined : asWebsiteId(website),
    occurredAt: occurredAt === undefined ? undefined : new Date(occurredAt),
    metadata: metadata ? { note: externalId } : undefined,
  };
  const named: IncomingPurchase =
    buyer === undefined
      ? { ...order, customerId: asCustomerId(String(customer)) }
      : { ...order, buyerId: asUserId(buyer) };
  const key = `sale ${externalId} ${told.amount}`;
  const status = (created: boolean) => (created ? 201 : 200);
  const idempotency = {
    claim: keyClaim({ ...callOf(world, key), key }),
    status,
    body: viewPurchase,
    answerUnattributed: (purchase: UnattributedPurchase, created: boolean) => ({
      status: status(created),
      body: viewUnattributed(purchase),
    }),
  };
  const answer = await world.attempt((process) =>
    process.recordPurchase.record(named, { mayBackdate: true, ...(keyed && { idempotency }) }),
  );
  if (keyed) insistOnFirst(world, key, answer);
  return answer;
}

/** Under one key everybody is answered as the first was, to the letter, whatever has happened to the purchase since. */
function insistOnFirst(world: World, key: string, answer: RecordedPurchase): void {
  const text = JSON.stringify(bodyOf(answer));
  const first = world.answers.get(key) ?? text;
  world.answers.set(key, first);
  insist(text === first, () => `${key} was answered with ${first}, and then with ${text}`);
}

function bodyOf(answer: RecordedPurchase): unknown {
  if (answer.kind === 'replayed') return answer.body;
  return answer.kind === 'recorded' ? viewPurchase(answer.purchase) : viewUnattributed(answer.purchase);
}

/** What was answered must stand, exactly so, at this moment. */
function believe(world: World, told: ToldSale, answer: RecordedPurchase): void {
  const { externalId } = told;
  const id = answer.kind === 'replayed' ? (answer.body as { id: string }).id : answer.purchase.id;
  world.tally.count(`answers: ${answer.kind}`);
  const sale = world.model.sales.get(id);
  const waiting = world.auditor.waiting.get(id);
  insist(sale !== undefined || waiting !== undefined, () => `${externalId} was answered and not committed`);
  insist((sale?.externalId ?? waiting?.external_id) === externalId, () => `${externalId} was answered as another`);
  insist(
    (sale?.amount ?? waiting?.amount_micros) === told.amount,
    () => `${externalId} was answered with another amount`,
  );
  if (answer.kind !== 'recorded') return;
  const paid = answer.purchase.commissions.reduce((sum, { grossMicros }) => sum + grossMicros, 0n);
  const should = sale?.entries.reduce((sum, { gross }) => sum + gross, 0n);
  insist(paid === should, () => `${externalId} was answered as paying ${paid}, and pays ${should}`);
}

function isOtherwise(world: World, told: ToldSale): boolean {
  const others = [
    ...world.sales.map(({ externalId, amount, buyer }) => ({ externalId, amount, buyer })),
    ...[...world.auditor.waiting.values()].map((row) => ({ externalId: row.external_id, amount: row.amount_micros })),
  ];
  return others.some(({ externalId, amount }) => externalId === told.externalId && amount !== told.amount);
}
