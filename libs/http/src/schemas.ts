import { MAX_PURCHASE_MICROS, formatDecimal, isCurrency, type Money, parseDecimal } from '@dailydoco/money';
import { z } from 'zod';

// Pieces for the zod schemas of the public API. Each is described by z.toJSONSchema through its input side, so that
// the document can never promise what the validation does not keep.

/** Largest serialised `metadata`, in UTF-8 bytes. */
export const MAX_METADATA_BYTES = 4096;
const MAX_PAGE_SIZE = 200;
const DEFAULT_PAGE_SIZE = 50;

/** An id of any UUID version, answered in lower case so that equal ids are equal texts. */
export const uuidSchema = z.uuid().toLowerCase().meta({ description: 'A UUID.' });

/** A client's own id for a thing: 1 to 200 characters, well-formed Unicode without control characters. */
export const externalIdSchema = z
  .string()
  .min(1)
  .max(200)
  .refine(isPlainText, 'must be well-formed text without control characters')
  .meta({ description: "The client's own id, unique per tenant." });

/** A moment as RFC 3339 text with any offset; becomes a Date (milliseconds; finer digits are cut). */
export const timestampSchema = z
  .codec(z.iso.datetime({ offset: true }), z.date(), {
    decode: (text) => new Date(text),
    encode: (date) => date.toISOString(),
  })
  .meta({ description: 'A moment in RFC 3339, for example 2025-06-01T12:00:00Z.' });

const moneyTextSchema = z.strictObject({
  amount: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?$/, 'must be a decimal such as 79.00 with at most 6 fraction digits'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
});

/**
 * `{"amount": "79.00", "currency": "USD"}` → Money in micros. Zero is allowed; signs, exponents and more than six
 * fraction digits are not; the currency must be active in ISO 4217.
 */
export const moneySchema = moneyTextSchema
  .transform((input, context): Money => {
    const amountMicros = parseDecimal(input.amount);
    if (amountMicros === undefined) {
      context.addIssue({ code: 'custom', path: ['amount'], message: 'must be a decimal such as 79.00' });
      return z.NEVER;
    }
    if (!isCurrency(input.currency)) {
      context.addIssue({ code: 'custom', path: ['currency'], message: 'is not an active ISO 4217 code' });
      return z.NEVER;
    }
    return { amountMicros, currency: input.currency };
  })
  .meta({ id: 'MoneyInput', description: 'An exact amount: a decimal string and an ISO 4217 code.' });

/** moneySchema for what is bought, refunded or paid out: more than 0 and at most 1000000000.00. */
export const positiveMoneySchema = moneySchema
  .refine((money) => money.amountMicros > 0n, { path: ['amount'], message: 'must be greater than 0' })
  .refine((money) => money.amountMicros <= MAX_PURCHASE_MICROS, {
    path: ['amount'],
    message: 'must be at most 1000000000.00',
  });

/** Money as answers carry it: 2 to 6 fraction digits, a leading `-` only where a balance or a difference may have one. */
export const moneyAnswerSchema = z
  .object({ amount: z.string().regex(/^-?[0-9]+\.[0-9]{2,6}$/), currency: z.string().regex(/^[A-Z]{3}$/) })
  .meta({ id: 'Money', description: 'An exact amount with 2 to 6 fraction digits.' });

export type MoneyAnswer = z.infer<typeof moneyAnswerSchema>;

/** Money → what JSON answers carry. */
export function formatMoney(money: Money): MoneyAnswer {
  return { amount: formatDecimal(money.amountMicros), currency: money.currency };
}

/** Anything a client wants to remember with its thing: a JSON object of at most 4 KiB when serialised. */
export const metadataSchema = z
  .record(z.string(), z.unknown())
  .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES, 'must be at most 4 KiB of JSON')
  .meta({ description: "The client's own data, at most 4 KiB of JSON." });

/** `?pageSize=` and `?pageToken=` of every list; `.extend({…})` it with the list's own filters. */
export const pageQuerySchema = z.strictObject({
  pageSize: z
    // A query holds text only; Number() alone would also take `0x10`, `1e2` and blanks.
    .preprocess(
      (text) => (typeof text === 'string' && /^[0-9]{1,4}$/.test(text) ? Number(text) : text),
      z.int('must be a whole number').min(1).max(MAX_PAGE_SIZE),
    )
    .default(DEFAULT_PAGE_SIZE)
    .meta({ description: `How many items a page may hold; ${DEFAULT_PAGE_SIZE} unless told.` }),
  pageToken: z
    .string()
    .min(1)
    .max(2048)
    .optional()
    .meta({ description: 'The `nextPageToken` of the page before; leave it out for the first page.' }),
});

export type PageQuery = z.output<typeof pageQuerySchema>;

// Lone surrogates cannot be stored as UTF-8 and would come back as another text.
function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}
