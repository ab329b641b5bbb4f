import { currencyOf } from '@dailydoco/money';
import { asPurchaseId, asRefundId } from '../../src/ids.js';
import type { ToldRefund } from './auditor.js';
import { insist } from './broken.js';
import { refusal } from './refusal.js';
import { callOf } from './sale-commands.js';
import type { World } from './world.js';

export interface RefundInput {
  readonly sale: number;
  /** Thousandths of the amount; null: the rest. */
  readonly part: number | null;
  readonly chargeback: boolean;
  readonly keyed: boolean;
  readonly copies: number;
  readonly otherCurrency: boolean;
}

/** Gives back a part of some purchase. */
export async function giveBack(world: World, input: RefundInput): Promise<void> {
  if (world.sales.length === 0) return;
  const { id, amount, currency } = world.one(world.sales, input.sale);
  const micros = input.part === null ? undefined : (amount * BigInt(input.part)) / 1_000n;
  const told: ToldRefund = {
    externalId: world.newId(),
    saleId: id,
    amount: micros === 0n ? 1n : micros,
    currency: input.otherCurrency && micros !== undefined ? 'GBP' : currency,
    chargeback: input.chargeback,
  };
  await send(world, told, input);
}

/** A refund that was told before comes in once more, as it was or with another amount. */
export async function giveBackAgain(world: World, [choice, same]: readonly [number, boolean]): Promise<void> {
  const all = [...world.told.refunds.values()].flatMap(([first]) => first ?? []);
  if (all.length === 0) return;
  const told = world.one(all, choice);
  const again = same ? told : { ...told, amount: (told.amount ?? 0n) + 1n };
  await send(world, again, { keyed: same, copies: 1 });
}

/** A chargeback is won. */
export async function winBack(world: World, [choice, twice]: readonly [number, boolean]): Promise<void> {
  const all = [...world.model.refunds.values()].filter(({ chargeback }) => chargeback);
  if (all.length === 0) return;
  const { id } = world.one(all, choice);
  const { tenantId, clock } = world;
  const win = async (): Promise<void> => {
    await world.attempt((process) => process.winChargeback({ tenantId, refundId: asRefundId(id), at: clock.now() }));
    insist(world.model.wins.has(id), () => `the chargeback ${id} was won and is not`);
  };
  await Promise.all(twice ? [win(), win()] : [win()]);
}

async function send(world: World, told: ToldRefund, how: { keyed: boolean; copies: number }): Promise<void> {
  const before = world.told.refunds.get(told.externalId) ?? [];
  world.told.refunds.set(told.externalId, [...before, told]);
  await Promise.all(Array.from({ length: how.copies }, () => once(world, told, how.keyed)));
}

async function once(world: World, told: ToldRefund, keyed: boolean): Promise<void> {
  const { externalId, amount, currency } = told;
  const order = {
    tenantId: world.tenantId,
    purchaseId: asPurchaseId(told.saleId),
    externalId,
    reason: told.chargeback ? ('chargeback' as const) : ('requested' as const),
    requested: amount === undefined ? undefined : { amountMicros: amount, currency: currencyOf(currency) },
  };
  const call = callOf(world, keyed ? `refund ${externalId} ${amount ?? 'all'}` : undefined);
  try {
    const { body } = await world.attempt((process) =>
      process.refunds.record(order, {
        call,
        answer: ({ refund, created }) => ({ status: created ? 201 : 200, body: { id: refund.id as string } }),
      }),
    );
    const known = world.model.refunds.get(body.id);
    insist(known !== undefined, () => `the refund ${externalId} was answered and not committed`);
    insist(world.auditor.refundIds.get(externalId) === body.id, () => `${externalId} was answered as another`);
    insist(amount === undefined || known.amount === amount, () => `${externalId} was answered with another amount`);
  } catch (error) {
    refused(world, told, refusal(error, 'REFUND_EXCEEDS_PURCHASE', 'REFUND_CONFLICT', 'CURRENCY_MISMATCH'));
  }
}

/** Whether the refusal is right, as things stand: nobody else can have changed them since. */
function refused(world: World, told: ToldRefund, reason: string): void {
  world.tally.count(`refused: ${reason}`);
  const { amount, refunded, currency } = world.model.sale(told.saleId);
  const left = amount - refunded;
  const exists = world.auditor.refundIds.has(told.externalId);
  const right =
    reason === 'REFUND_CONFLICT'
      ? exists
      : reason === 'CURRENCY_MISMATCH'
        ? !exists && told.currency !== currency
        : !exists && told.currency === currency && (told.amount ?? 1n) > left;
  insist(right, () => `${told.externalId} was refused with ${reason}, and ${left} of ${amount} are left`);
}
