import { asSlug, type Slug } from '../ids.js';

/** What a slug looks like; the database checks the same. */
export const SLUG_PATTERN = /^[a-z0-9-]{3,63}$/;
const MAX_LENGTH = 63;
const MIN_LENGTH = 3;
const SUFFIX_BYTES = 3;

export function isSlug(text: string): boolean {
  return SLUG_PATTERN.test(text);
}

/**
 * Slugs to try for a site that asked for none, best first: the name in small letters and hyphens, then the same with a
 * random ending. A name with nothing that a slug can hold becomes `site` with a random ending.
 */
export function slugsFor(name: string, randomBytes: (count: number) => Uint8Array): Slug[] {
  const ending = Buffer.from(randomBytes(SUFFIX_BYTES)).toString('hex');
  const plain = plainSlug(name, MAX_LENGTH);
  const base = plainSlug(name, MAX_LENGTH - ending.length - 1) || 'site';
  const long = asSlug(`${base}-${ending}`);
  return plain.length >= MIN_LENGTH ? [asSlug(plain), long] : [long];
}

function plainSlug(name: string, maxLength: number): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, maxLength + 1)
    .replaceAll(/^-|-$/g, '')
    .slice(0, maxLength)
    .replace(/-$/, '');
}
