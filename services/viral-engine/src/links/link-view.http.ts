import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { MAX_SUB_IDS, type Utm } from './landing.js';
import type { LinkConversions, LinkTerms } from './link.js';
import type { LinkReport } from './links.js';

const MAX_URL_LENGTH = 2_000;

/** A line of text that people and other programs read. */
const line = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .refine(
      (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
      'must be well-formed text without control characters',
    );

const utmSchema = z
  .strictObject({
    source: line(100).optional(),
    medium: line(100).optional(),
    campaign: line(100).optional(),
    term: line(100).optional(),
    content: line(100).optional(),
  })
  .meta({ description: 'Told to the landing page as utm_source, utm_medium, …' });

export const codeSchema = z
  .string()
  .max(200)
  .meta({ description: 'The code to show: 3 to 32 letters, digits and hyphens; a new one unless told.' });

export const campaignSchema = line(100).meta({ description: 'The campaign that the link is for.' });

export const linkBody = z
  .strictObject({
    name: line(100).meta({ description: 'What its owner calls it.' }),
    campaign: campaignSchema.optional(),
    landingUrl: z
      .string()
      .min(1)
      .max(MAX_URL_LENGTH)
      .optional()
      .meta({ description: 'A page of an allowed origin; the landing page of the installation unless told.' }),
    utm: utmSchema.default({}),
    subIds: z
      .array(line(100))
      .max(MAX_SUB_IDS)
      .default([])
      .meta({ description: 'Told to the landing page as sub1 to sub5.' }),
    code: codeSchema.optional(),
  })
  .meta({ id: 'LinkInput' });

export const linkSchema = z
  .object({
    id: uuidSchema,
    ownerId: uuidSchema,
    name: z.string(),
    campaign: z.string().optional(),
    code: z.string(),
    url: z.string().meta({ description: 'The link to share.' }),
    codes: z.array(z.string()).meta({ description: 'Every code that leads here, the oldest first.' }),
    landingUrl: z.string().optional(),
    utm: utmSchema,
    subIds: z.array(z.string()),
    createdAt: z.string().meta({ format: 'date-time' }),
    archivedAt: z.string().meta({ format: 'date-time' }).optional(),
    clicks: z.int().meta({ description: 'Clicks of people, each identity once an hour.' }),
    uniqueClicks: z.int().meta({ description: 'Identities that clicked, each once a day (UTC).' }),
    registrations: z.int().meta({ description: 'Registrations that got their referrer by this link.' }),
  })
  .meta({ id: 'Link', description: 'A link of one person for one campaign, and what came by it.' });

export const conversionsSchema = z
  .object({
    registrations: z.int().meta({ description: 'Registrations that got their referrer by this link.' }),
    firstPurchases: z.int().meta({ description: 'First purchases that did.' }),
    revenue: z
      .array(
        z.object({
          purchases: z.int(),
          buyers: z.int(),
          amount: moneyAnswerSchema,
          refunded: moneyAnswerSchema.meta({ description: 'Refunds less the chargebacks that were won.' }),
        }),
      )
      .meta({ description: 'All purchases of those people so far, by currency.' }),
  })
  .meta({ id: 'LinkConversions', description: 'Who got the referrer by a link, and what they bought.' });

export type LinkView = z.infer<typeof linkSchema>;

export function toTerms({ name, campaign, landingUrl, utm, subIds }: z.output<typeof linkBody>): LinkTerms {
  return { name, campaign, landingUrl, utm: withoutGaps(utm), subIds };
}

export function viewLink({ link, codes, counts }: LinkReport, linkBase: string): LinkView {
  const { id, ownerId, name, campaign, code, landingUrl, utm, subIds, createdAt, archivedAt } = link;
  return {
    id,
    ownerId,
    name,
    ...(campaign !== undefined && { campaign }),
    code,
    url: `${linkBase}${code}`,
    codes: [...codes],
    ...(landingUrl !== undefined && { landingUrl }),
    utm: { ...utm },
    subIds: [...subIds],
    createdAt: createdAt.toISOString(),
    ...(archivedAt !== undefined && { archivedAt: archivedAt.toISOString() }),
    ...counts,
  };
}

export function viewConversions({ revenue, ...people }: LinkConversions): z.infer<typeof conversionsSchema> {
  return {
    ...people,
    revenue: revenue.map(({ currency, purchases, buyers, amountMicros, refundedMicros }) => ({
      purchases,
      buyers,
      amount: formatMoney({ amountMicros, currency }),
      refunded: formatMoney({ amountMicros: refundedMicros, currency }),
    })),
  };
}

function withoutGaps(utm: z.output<typeof utmSchema>): Utm {
  return Object.fromEntries(Object.entries(utm).filter(([, value]) => value !== undefined));
}
