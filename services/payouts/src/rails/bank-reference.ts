import { asPayoutId, isUuid, type PayoutId } from '../ids.js';

/**
 * How a payout is called in files of banks, whose fields are too short for its id of 36 characters. Files and their
 * answers never name anything else, so both directions stand here.
 *
 * - whole: the id without hyphens, 32 lower-case hexadecimal digits; ISO 20022 (EndToEndId has 35 characters).
 * - short: the last 15 of them, in capitals, which are 60 random bits of a UUIDv7; NACHA (the Individual Identification
 *   Number has 15 characters). Only a look at the tenant's payouts tells which one it is.
 */
export type BankReference =
  | { readonly kind: 'whole'; readonly id: PayoutId }
  | { readonly kind: 'short'; readonly tail: string };

/** Hexadecimal digits of a short reference. */
export const SHORT_REFERENCE_DIGITS = 15;

const WHOLE = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;
const SHORT = new RegExp(`^[0-9a-f]{${SHORT_REFERENCE_DIGITS}}$`);

/** An id of ours (of a payout, of a batch) as ISO 20022 files carry it: 32 lower-case hexadecimal digits. */
export function wholeReference(id: string): string {
  return id.replaceAll('-', '');
}

/** A payout's id as NACHA files carry it: 15 capital hexadecimal digits. */
export function shortReference(id: PayoutId): string {
  return wholeReference(id).slice(-SHORT_REFERENCE_DIGITS).toUpperCase();
}

/** The id behind 32 hexadecimal digits, with or without hyphens, in capitals or not; undefined for anything else. */
export function idOfReference(text: string): string | undefined {
  const spelled = text.trim().toLowerCase();
  if (isUuid(spelled)) return spelled;
  const parts = WHOLE.exec(spelled);
  return parts === null ? undefined : parts.slice(1).join('-');
}

/** What a reference in a bank's file may be of ours; undefined: it is somebody else's. */
export function bankReferenceOf(text: string): BankReference | undefined {
  const id = idOfReference(text);
  if (id !== undefined) return { kind: 'whole', id: asPayoutId(id) };
  const tail = text.trim().toLowerCase();
  return SHORT.test(tail) ? { kind: 'short', tail } : undefined;
}
