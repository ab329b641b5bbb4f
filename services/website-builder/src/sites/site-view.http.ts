import { type Principal, tenantOf } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { addressOf, type Site, statusOf } from './site.js';
import { SLUG_PATTERN } from './slug.js';
import type { Owner } from './sites.js';

/** Where Nest finds the base of public addresses, without a slash at its end. */
export const PUBLIC_BASE = Symbol('PUBLIC_BASE');

const LINE = /^\P{Cc}*$/u;
// Line breaks and tabs belong into a text of several paragraphs, other control characters into none.
const PROSE = /^(?:\P{Cc}|[\n\r\t])*$/u;

const text = (max: number, allowed: RegExp = LINE) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .regex(allowed, 'must not contain control characters')
    .refine((value) => value.isWellFormed(), 'must be well-formed text');

const contentShape = {
  headline: text(200),
  body: text(5_000, PROSE).meta({ description: 'A blank line begins a new paragraph.' }),
  buttonText: text(60),
  points: z.array(text(200)).max(8).meta({ description: 'Short reasons, each a line of its own.' }),
};

export const siteBody = z
  .strictObject({
    name: text(100),
    templateId: z.string().min(1).max(100).meta({ description: 'The id of one of the templates.' }),
    slug: z
      .string()
      .regex(SLUG_PATTERN, 'must be 3 to 63 small letters, digits and hyphens')
      .exactOptional()
      .meta({ description: 'The name in the address, unique over the installation; made from the name if left out.' }),
    content: z
      .strictObject({
        headline: contentShape.headline.exactOptional(),
        body: contentShape.body.exactOptional(),
        buttonText: contentShape.buttonText.exactOptional(),
        points: contentShape.points.exactOptional(),
      })
      .default({})
      .meta({ description: 'What the page says; the template speaks where nothing is given.' }),
  })
  .meta({ id: 'SiteInput' });

const statusSchema = z.enum(['draft', 'published']);

export const newSiteSchema = z
  .object({ id: z.uuid(), name: z.string(), slug: z.string(), status: statusSchema })
  .meta({ id: 'NewSite' });

export const siteSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    slug: z.string(),
    status: statusSchema,
    templateId: z.string(),
    content: z.object({
      headline: z.string().optional(),
      body: z.string().optional(),
      buttonText: z.string().optional(),
      points: z.array(z.string()).optional(),
    }),
    url: z.string().nullable().meta({ description: 'The public address; null before the first publishing.' }),
    version: z.int().nullable().meta({ description: 'The version that is served; null before the first publishing.' }),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Site' });

export type SiteView = z.infer<typeof siteSchema>;

export function viewNewSite(site: Site): z.infer<typeof newSiteSchema> {
  const { id, name, slug } = site;
  return { id, name, slug, status: statusOf(site) };
}

export function viewSite(site: Site, publicBase: string): SiteView {
  const { templateId, content, currentVersion, createdAt } = site;
  const published = currentVersion > 0;
  const { points, ...texts } = content;
  return {
    ...viewNewSite(site),
    templateId,
    content: { ...texts, ...(points !== undefined && { points: [...points] }) },
    url: published ? addressOf(site, publicBase) : null,
    version: published ? currentVersion : null,
    createdAt: createdAt.toISOString(),
  };
}

/** The person who calls, as the owner of sites. */
export function ownerOf(caller: Principal): Owner {
  if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
  return { tenantId: asTenantId(tenantOf(caller)), ownerId: asUserId(caller.userId) };
}
