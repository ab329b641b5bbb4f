import { DomainError } from '@dailydoco/errors';
import type { LinkId, TenantId, UserId } from '../ids.js';
import { newReferralCode, type RandomBytes } from '../members/referral-code.js';
import { checkLanding, chosenCode, type Link, type LinkTerms } from './link.js';

/** Most links of one person, archived ones among them, and most codes of one link: room for all but floods. */
export const MAX_LINKS = 1_000;
export const MAX_CODES = 20;
/** As for members' own codes: this many taken in a row means that something else is wrong. */
const CODE_ATTEMPTS = 10;

export interface OwnerChange {
  readonly tenantId: TenantId;
  readonly linkId: LinkId;
  readonly ownerId: UserId;
  readonly changedBy: string;
  readonly reason: string;
}

/** Links as one open database transaction changes them. */
export interface LinkBook {
  /** Whatever else makes links of this member waits; false when the tenant has no such member. */
  lockOwner(tenantId: TenantId, ownerId: UserId): Promise<boolean>;
  countLinks(tenantId: TenantId, ownerId: UserId): Promise<number>;
  /** Every code that leads to the link, the oldest first. */
  codesOf(tenantId: TenantId, linkId: LinkId): Promise<string[]>;
  /** False when the code is taken, by whatever. */
  addCode(code: { code: string; tenantId: TenantId; linkId: LinkId; createdAt: Date }): Promise<boolean>;
  addLink(link: Link): Promise<void>;
  /** The link as it stands, and nobody changes it until the database transaction ends. */
  lockLink(tenantId: TenantId, linkId: LinkId): Promise<Link | undefined>;
  saveCode(link: Link, code: string): Promise<void>;
  saveArchived(link: Link, at: Date): Promise<void>;
  /** With its audit row. */
  saveOwner(link: Link, change: OwnerChange & { id: string; at: Date }): Promise<void>;
}

export interface Given {
  readonly now: Date;
  readonly newId: () => string;
  readonly randomBytes: RandomBytes;
}

/** The tenant, the link, and the person who must own it. */
export interface OwnLink {
  readonly tenantId: TenantId;
  readonly ownerId: UserId;
  readonly linkId: LinkId;
}

/**
 * Makes a link with the chosen code, or with a new one. Throws USER_UNKNOWN, VALIDATION_FAILED for a page that is not of
 * the origins given or a code that can be none, CODE_TAKEN, LINK_LIMIT_REACHED.
 */
export async function addLink(
  book: LinkBook,
  wanted: { tenantId: TenantId; ownerId: UserId; terms: LinkTerms; code: string | undefined },
  given: Given & { linkId: LinkId; origins: readonly string[] },
): Promise<Link> {
  const { tenantId, ownerId, terms } = wanted;
  const fieldErrors = checkLanding(terms.landingUrl, given.origins);
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  if (!(await book.lockOwner(tenantId, ownerId))) throw new DomainError('USER_UNKNOWN');
  if ((await book.countLinks(tenantId, ownerId)) >= MAX_LINKS) throw new DomainError('LINK_LIMIT_REACHED');
  const code = await claimCode(book, { ...wanted, linkId: given.linkId }, given);
  const { linkId: id, now: createdAt } = given;
  const link: Link = { ...terms, tenantId, id, ownerId, code, createdAt, archivedAt: undefined };
  await book.addLink(link);
  return link;
}

/**
 * Gives a link another code to show; those before go on leading to it. A code that is the link's already is only shown
 * again. Throws NOT_FOUND, VALIDATION_FAILED, CODE_TAKEN, LINK_LIMIT_REACHED.
 */
export async function renameLink(
  book: LinkBook,
  wanted: OwnLink & { code: string | undefined },
  given: Given,
): Promise<Link> {
  const chosen = wanted.code === undefined ? undefined : parseCode(wanted.code);
  const link = await lockOwn(book, wanted);
  const codes = await book.codesOf(link.tenantId, link.id);
  const code = codes.find((own) => own === chosen) ?? (await anotherCode(book, { ...wanted, codes }, given));
  await book.saveCode(link, code);
  return { ...link, code };
}

/** Puts a link away; it leads on and counts on. Once archived it stays so from then. Throws NOT_FOUND. */
export async function archiveLink(book: LinkBook, wanted: OwnLink, now: Date): Promise<Link> {
  const link = await lockOwn(book, wanted);
  if (link.archivedAt !== undefined) return link;
  await book.saveArchived(link, now);
  return { ...link, archivedAt: now };
}

/**
 * Gives a link to another member: clicks and registrations from now on are theirs, what came before stays as it is.
 * Throws NOT_FOUND for a link, USER_UNKNOWN for a member that the tenant has not, LINK_LIMIT_REACHED.
 */
export async function giveLink(
  book: LinkBook,
  change: OwnerChange,
  given: Pick<Given, 'now' | 'newId'>,
): Promise<Link> {
  const { tenantId, linkId, ownerId } = change;
  if (!(await book.lockOwner(tenantId, ownerId))) throw new DomainError('USER_UNKNOWN');
  const link = await book.lockLink(tenantId, linkId);
  if (link === undefined) throw new DomainError('NOT_FOUND');
  if (link.ownerId === ownerId) return link;
  if ((await book.countLinks(tenantId, ownerId)) >= MAX_LINKS) throw new DomainError('LINK_LIMIT_REACHED');
  await book.saveOwner(link, { ...change, id: given.newId(), at: given.now });
  return { ...link, ownerId };
}

/** Another's link is as unknown as none. */
async function lockOwn(book: LinkBook, { tenantId, ownerId, linkId }: OwnLink): Promise<Link> {
  const link = await book.lockLink(tenantId, linkId);
  if (link?.ownerId !== ownerId) throw new DomainError('NOT_FOUND');
  return link;
}

async function anotherCode(
  book: LinkBook,
  wanted: OwnLink & { code: string | undefined; codes: readonly string[] },
  given: Given,
): Promise<string> {
  if (wanted.codes.length >= MAX_CODES) throw new DomainError('LINK_LIMIT_REACHED');
  return claimCode(book, wanted, given);
}

function parseCode(typed: string): string {
  const chosen = chosenCode(typed);
  if ('fieldErrors' in chosen) throw new DomainError('VALIDATION_FAILED', { fieldErrors: chosen.fieldErrors });
  return chosen.code;
}

async function claimCode(
  book: LinkBook,
  wanted: { tenantId: TenantId; linkId: LinkId; code: string | undefined },
  { now: createdAt, randomBytes }: Pick<Given, 'now' | 'randomBytes'>,
): Promise<string> {
  const { tenantId, linkId } = wanted;
  if (wanted.code !== undefined) {
    const code = parseCode(wanted.code);
    if (!(await book.addCode({ code, tenantId, linkId, createdAt }))) throw new DomainError('CODE_TAKEN');
    return code;
  }
  for (let attempt = 0; attempt < CODE_ATTEMPTS; attempt += 1) {
    const code = newReferralCode(randomBytes);
    if (await book.addCode({ code, tenantId, linkId, createdAt })) return code;
  }
  throw new Error(`${CODE_ATTEMPTS} referral codes in a row were taken`);
}
