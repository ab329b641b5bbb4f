import { z } from 'zod';
import { isProductTag, isStream } from '../plans/plan.js';

/** What was sold, as an open slug. */
export const streamSchema = z
  .string()
  .refine(isStream, 'must be a slug such as subscription or usage_fee')
  .meta({ description: 'What was sold, as a slug: [a-z][a-z0-9_]{0,63}.' });

/** What was sold, finer than the stream. */
export const productTagSchema = z
  .string()
  .refine(isProductTag, 'must be a slug such as pro-yearly')
  .meta({ description: 'What was sold, finer than the stream, as a slug: [a-z][a-z0-9_-]{0,63}.' });

/** What the payment provider calls the card or account that paid. */
export const paymentFingerprintSchema = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text')
  .meta({
    description:
      'What the payment provider calls the card or account that paid, the same for every payment by it. Kept as an HMAC only, to find accounts that belong together.',
  });

/** Earlier times cannot be meant, and the database's calendar begins later than JavaScript's. */
export function isConceivable(at: Date): boolean {
  return at.getTime() >= 0;
}

/** Who brought the buyer; what cannot apply changes nothing, so it is checked for form only. */
export const couponCodeSchema = z
  .string()
  .max(200)
  .refine((text) => text.isWellFormed(), 'must be well-formed text')
  .meta({
    description:
      'A coupon’s code, or any other referral code: who brought the buyer, where the tenant lets a first purchase say it. Changes nothing otherwise.',
  });

/** What the landing page was told as ddcid. */
export const clickIdSchema = z
  .string()
  .max(200)
  .refine((text) => text.isWellFormed(), 'must be well-formed text')
  .meta({
    description:
      'The signed click id that the landing page was told as ddcid: who brought the buyer, where the tenant lets a first purchase say it. One that is forged, of another tenant or older than the attribution window of the plan changes nothing.',
  });
