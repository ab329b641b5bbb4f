import { DomainError } from '@dailydoco/errors';
import { validationFailed } from '@dailydoco/http';
import { type CurrencyCode, isCurrency } from '@dailydoco/money';
import Stripe from 'stripe';
import { z } from 'zod';
import { asPayoutId, asTenantId, isUuid } from '../../ids.js';
import type { RailReport } from '../rail.js';
import type { SignedPayload } from './receive-stripe-event.js';
import { answerOf } from './stripe-rail.js';
import { microsOf } from './transfers.adapter.js';

/** How old a signature may be; the library's default, written down because replays hang on it. */
const TOLERANCE_S = 300;

// Each of them carries the transfer as it stood then. A connected account's own payouts (`payout.failed`) say nothing about
// a transfer: that money stays on the account's balance, whatever its bank did.
const TOLD_BY: ReadonlySet<string> = new Set(['transfer.created', 'transfer.updated', 'transfer.reversed']);

/** Seconds since 1970, up to the year 9999. */
const secondsSchema = z.int().min(0).max(253_402_300_799);

const eventSchema = z.looseObject({
  id: z.string().min(1).max(200),
  type: z.string().min(1).max(200),
  /** The connected account whose event it is; absent on those of the platform's own. */
  account: z.string().nullish(),
  created: secondsSchema,
  data: z.looseObject({ object: z.looseObject({}) }),
});

const transferSchema = z.looseObject({
  id: z.string().min(1).max(200),
  object: z.literal('transfer'),
  amount: z.int().min(0),
  amount_reversed: z.int().min(0),
  created: secondsSchema,
  currency: z
    .string()
    .transform((code) => code.toUpperCase())
    .refine((code): code is CurrencyCode => isCurrency(code), 'is not an active ISO 4217 code'),
  destination: z.union([z.string(), z.looseObject({ id: z.string() }).transform(({ id }) => id)]).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  reversed: z.boolean(),
});

/**
 * Checks an event's signature and age with Stripe's own library and says what it tells of a payout; undefined: nothing.
 * Throws SIGNATURE_INVALID when the secret does not fit or the signature is more than five minutes old, VALIDATION_FAILED
 * for a transfer of ours that cannot be read.
 */
export function openTransferEvent(
  { body, signature }: SignedPayload,
  { secret, now, lookAgainMs }: { secret: string; now: Date; lookAgainMs: number },
): RailReport | undefined {
  const { id, type, account, created, data } = parse(eventSchema, verify({ body, signature }, { secret, now }));
  // Whoever has a connected account can make transfers there that name payouts of ours: they are not ours.
  if (!TOLD_BY.has(type) || typeof account === 'string') return undefined;
  const transfer = parse(transferSchema, data.object);
  const { payout_id: reference, tenant_id: tenantId } = transfer.metadata ?? {};
  // The platform's other transfers are none of ours.
  if (reference === undefined || tenantId === undefined || !isUuid(reference) || !isUuid(tenantId)) return undefined;
  const { currency, reversed } = transfer;
  const [amountMicros, reversedMicros] = [transfer.amount, transfer.amount_reversed].map((units) =>
    microsOf(units, currency),
  ) as [bigint, bigint];
  const destination = transfer.destination ?? '';
  const createdAt = new Date(transfer.created * 1_000);
  return {
    tenantId: asTenantId(tenantId),
    rail: 'stripe',
    reportId: id,
    reference: asPayoutId(reference),
    answer: answerOf(
      { id: transfer.id, reference, destination, amountMicros, currency, reversedMicros, reversed, createdAt },
      { now, everyMs: lookAgainMs },
    ),
    // Taken back in part, less was paid than the payout says: a break, since no journal knows a part.
    amountMicros: reversed ? amountMicros : amountMicros - reversedMicros,
    currency,
    occurredAt: new Date(created * 1_000),
  };
}

function verify({ body, signature }: SignedPayload, { secret, now }: { secret: string; now: Date }): unknown {
  try {
    return Stripe.webhooks.constructEvent(Buffer.from(body), signature, secret, TOLERANCE_S, undefined, now.getTime());
  } catch (error) {
    throw new DomainError('SIGNATURE_INVALID', { cause: error });
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  return parsed.data;
}
