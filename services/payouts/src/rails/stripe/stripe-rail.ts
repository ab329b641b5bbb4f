import { DomainError, type FieldError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutId, TenantId } from '../../ids.js';
import { type CallRail, type Payment, type RailAnswer, RailRefusal } from '../rail.js';
import { STRIPE_CAPABILITIES } from './stripe-capabilities.js';

/** A connected account, in the country that it was opened in. */
export interface StripeDestination {
  /** `acct_…` */
  readonly accountId: string;
  /** ISO 3166-1 alpha-2. Stripe never moves an account to another country. */
  readonly country: string;
}

/** A transfer as Stripe tells it. */
export interface Transfer {
  readonly id: string;
  readonly reference: string | undefined;
  readonly destination: string;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly reversedMicros: bigint;
  readonly reversed: boolean;
  /** By Stripe's clock. */
  readonly createdAt: Date;
}

export interface TransferOrder {
  readonly tenantId: TenantId;
  readonly reference: PayoutId;
  readonly accountId: string;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
}

/** Stripe's interface, as far as the rail needs it. */
export interface Transfers {
  /**
   * Makes the transfer, once per reference for the day that Stripe remembers it. A RailRefusal: Stripe read the order and
   * made nothing. Any other error says nothing.
   */
  create(order: TransferOrder, signal: AbortSignal): Promise<Transfer>;
  /** The transfers made under a reference, also years later. */
  list(reference: PayoutId, signal: AbortSignal): Promise<Transfer[]>;
}

/** How a transfer that was made is looked at again; see `answerOf`. */
export interface LookAgain {
  readonly now: Date;
  /** Pause between two looks, in milliseconds. */
  readonly everyMs: number;
}

/** When Stripe was asked to pay, durable before it is asked. */
export interface TransferMemory {
  /** When it was last asked before this time; undefined: never. */
  noteAsked(payment: Pick<TransferOrder, 'tenantId' | 'reference'>, at: Date): Promise<Date | undefined>;
  lastAskedAt(payment: Pick<TransferOrder, 'tenantId' | 'reference'>): Promise<Date | undefined>;
}

/**
 * A transfer that was ordered and is not there may still be made while the order is on its way or under work: no call lasts
 * longer than 80 s (the default of Stripe's own libraries), ours 30 s. After this long without one none will be made.
 */
export const ABSENT_AFTER_MS = 15 * 60_000;
const ASK_AGAIN_MS = 60_000;
const RETURNABLE_MS = STRIPE_CAPABILITIES.returnableHours * 3_600_000;

const ACCOUNT = /^acct_[A-Za-z0-9]{8,64}$/;
const COUNTRY = /^[A-Z]{2}$/;
const ABSENT: RailAnswer = { state: 'absent', reason: undefined, askAgainAfterMs: undefined };

/**
 * Pays by transfers of Stripe Connect from the platform's balance. Exactly once by three nets: Stripe's idempotency key for
 * a day, a look for the reference before anything is ordered again, and a wait before a payment is called absent.
 */
export function stripeTransferRail({
  transfers,
  memory,
  clock,
  lookAgainMs,
}: {
  transfers: Transfers;
  memory: TransferMemory;
  clock: { now(): Date };
  lookAgainMs: number;
}): CallRail<StripeDestination> {
  const told = (transfer: Transfer): RailAnswer => answerOf(transfer, { now: clock.now(), everyMs: lookAgainMs });
  return {
    kind: 'stripe',
    mode: 'call',
    capabilities: STRIPE_CAPABILITIES,
    destinationOf,
    countryOf: ({ country }) => country,
    mask: ({ accountId }) => `acct_••••${accountId.slice(-4)}`,
    fingerprintOf: ({ accountId }) => accountId,

    async submit(payment, signal) {
      const order = orderOf(payment);
      const askedBefore = await memory.noteAsked(payment, clock.now());
      const known = askedBefore === undefined ? undefined : await find(transfers, order, signal);
      if (known !== undefined) return told(known);
      try {
        return told(sameAs(order, await transfers.create(order, signal)));
      } catch (error) {
        if (!(error instanceof RailRefusal)) throw error;
        // This call made nothing; one before it, whose answer was lost, may have.
        const made = await find(transfers, order, signal);
        if (made === undefined) throw error;
        return told(made);
      }
    },

    async find(payment, signal) {
      const order = orderOf(payment);
      const askedAt = await memory.lastAskedAt(payment);
      const transfer = await find(transfers, order, signal);
      if (transfer !== undefined) return told(transfer);
      if (askedAt === undefined) return ABSENT;
      const waitMs = askedAt.getTime() + ABSENT_AFTER_MS - clock.now().getTime();
      if (waitMs <= 0) return ABSENT;
      return { state: 'processing', reason: undefined, askAgainAfterMs: Math.min(waitMs, ASK_AGAIN_MS) };
    },
  };
}

/**
 * What a transfer says of the payment; taken back in part, it is still a payment, and the difference a break. One that
 * stands is looked at again as long as it may come back, since the event that tells so may be lost.
 */
export function answerOf({ id, reversed, createdAt }: Transfer, { now, everyMs }: LookAgain): RailAnswer {
  const ageMs = Math.max(0, now.getTime() - createdAt.getTime());
  const nextLookMs = (Math.floor(ageMs / everyMs) + 1) * everyMs;
  return {
    state: reversed ? 'returned' : 'settled',
    reason: reversed ? 'reversed' : undefined,
    askAgainAfterMs: reversed || nextLookMs > RETURNABLE_MS ? undefined : nextLookMs - ageMs,
    railReference: id,
  };
}

async function find(transfers: Transfers, order: TransferOrder, signal: AbortSignal): Promise<Transfer | undefined> {
  const found = (await transfers.list(order.reference, signal)).filter(
    ({ reference }) => reference === order.reference,
  );
  if (found.length > 1) throw new Error('Stripe has made two transfers of one reference');
  return found[0] && sameAs(order, found[0]);
}

function sameAs({ amountMicros, currency, accountId }: TransferOrder, transfer: Transfer): Transfer {
  const same =
    transfer.amountMicros === amountMicros && transfer.currency === currency && transfer.destination === accountId;
  if (!same) throw new Error('the reference was used for another payment');
  return transfer;
}

function orderOf(payment: Payment<StripeDestination>): TransferOrder {
  const { tenantId, reference, amountMicros, currency, destination } = payment;
  if (!STRIPE_CAPABILITIES.limits.has(currency)) throw new RailRefusal('currency_not_carried');
  return { tenantId, reference, accountId: destination.accountId, amountMicros, currency };
}

/** Reads `{ accountId, country }`. */
function destinationOf(details: unknown): StripeDestination {
  const given: Readonly<Record<string, unknown>> =
    typeof details === 'object' && details !== null ? { ...details } : {};
  const { accountId, country, ...others } = given;
  const fieldErrors: FieldError[] = Object.keys(others).map((path) => ({ path, message: 'is not known' }));
  const isAccount = typeof accountId === 'string' && ACCOUNT.test(accountId);
  const isCountry = typeof country === 'string' && COUNTRY.test(country);
  if (!isAccount) fieldErrors.push({ path: 'accountId', message: 'must be a connected account, acct_…' });
  if (!isCountry) fieldErrors.push({ path: 'country', message: 'must be two capital letters of ISO 3166-1' });
  if (!isAccount || !isCountry || fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  return { accountId, country };
}
