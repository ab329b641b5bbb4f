import { AsyncLocalStorage } from 'node:async_hooks';
import { type CurrencyCode, currencyOf, minorDigits } from '@dailydoco/money';
import Stripe from 'stripe';
import { RailRefusal } from '../rail.js';
import type { Transfer, TransferOrder, Transfers } from './stripe-rail.js';

/** Written down, so that a newer library does not change the shapes of answers by itself. */
const API_VERSION = '2026-10-28.endive';
/** A call ends by its signal; this is for the case that nobody aborts it. */
const TIMEOUT_MS = 30_000;
/** More transfers of one reference than one are an error already. */
const LIST_MAX = 10;

export interface StripeAccess {
  /** Secret or restricted key of the platform, `sk_…` or `rk_…`. */
  readonly apiKey: string;
  /** Where the interface is, as `https://api.stripe.com`. */
  readonly apiBase: string;
}

/** Transfers by Stripe's own library. It repeats nothing by itself: whoever asks decides what is asked again. */
export class StripeTransfers implements Transfers {
  readonly #stripe: Stripe;
  /** The library takes no signal of its caller, so it is handed to `fetch` beside it. */
  readonly #signals = new AsyncLocalStorage<AbortSignal>();

  constructor({ apiKey, apiBase }: StripeAccess) {
    const { protocol, hostname, port } = new URL(apiBase);
    const secure = protocol === 'https:';
    this.#stripe = new Stripe(apiKey, {
      apiVersion: API_VERSION,
      maxNetworkRetries: 0,
      timeout: TIMEOUT_MS,
      telemetry: false,
      httpClient: Stripe.createFetchHttpClient(this.#fetch),
      protocol: secure ? 'https' : 'http',
      host: hostname,
      port: port === '' ? (secure ? 443 : 80) : port,
    });
  }

  async create(order: TransferOrder, signal: AbortSignal): Promise<Transfer> {
    const { tenantId, reference, accountId, amountMicros, currency } = order;
    const wanted = {
      amount: unitsOf(amountMicros, currency),
      currency: currency.toLowerCase(),
      destination: accountId,
      transfer_group: reference,
      metadata: { payout_id: reference, tenant_id: tenantId },
    };
    try {
      return toTransfer(
        await this.#signals.run(signal, () =>
          this.#stripe.transfers.create(wanted, { idempotencyKey: `payout-${reference}` }),
        ),
      );
    } catch (error) {
      throw isRefusal(error) ? new RailRefusal(error.code ?? error.type) : error;
    }
  }

  async list(reference: string, signal: AbortSignal): Promise<Transfer[]> {
    const { data } = await this.#signals.run(signal, () =>
      this.#stripe.transfers.list({ transfer_group: reference, limit: LIST_MAX }),
    );
    return data.map(toTransfer);
  }

  readonly #fetch: typeof fetch = (input, init) => {
    const signals = [init?.signal, this.#signals.getStore()].filter(
      (signal) => signal !== null && signal !== undefined,
    );
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
}

/**
 * Whether Stripe read the order and made nothing: an invalid request, or money that is not there. Not so for a key that was
 * used with other parameters (the first order may have been carried out), a key in use (409), wrong credentials (ours to
 * mend, the payment is as good as before), limits (429), errors of Stripe (5xx) and of the way there.
 */
function isRefusal(error: unknown): error is InstanceType<typeof Stripe.errors.StripeError> {
  return error instanceof Stripe.errors.StripeInvalidRequestError || error instanceof Stripe.errors.StripeCardError;
}

function unitsOf(amountMicros: bigint, currency: CurrencyCode): number {
  const microsPerUnit = 10n ** BigInt(6 - minorDigits(currency));
  if (amountMicros % microsPerUnit !== 0n) throw new RailRefusal('amount_too_fine');
  return Number(amountMicros / microsPerUnit);
}

/** What one smallest unit of a currency is, as Stripe counts the currencies that the rail carries. */
export function microsOf(units: number, currency: CurrencyCode): bigint {
  return BigInt(units) * 10n ** BigInt(6 - minorDigits(currency));
}

function toTransfer(transfer: Stripe.Transfer): Transfer {
  const { id, created, metadata, destination, amount, amount_reversed: amountReversed, reversed } = transfer;
  const currency = currencyOf(transfer.currency.toUpperCase());
  return {
    id,
    reference: metadata['payout_id'],
    destination: typeof destination === 'string' ? destination : (destination?.id ?? ''),
    amountMicros: microsOf(amount, currency),
    currency,
    reversedMicros: microsOf(amountReversed, currency),
    reversed,
    createdAt: new Date(created * 1_000),
  };
}
