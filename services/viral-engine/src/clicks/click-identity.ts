import type { Click, Sender } from './click.js';
import type { Hmac } from './hmac.js';

const IDENTITY_BYTES = 16;
const DAY_MS = 86_400_000;
/** Clicks of a day may be stored a little after it. */
export const SALT_GRACE_MS = 3_600_000;

/** A click as it is counted: identities say who clicked, for one day and one tenant, and nothing about them. */
export interface IdentifiedClick {
  readonly click: Click;
  /** 16 bytes, in hexadecimal. */
  readonly identity: string;
  /** 0–23, UTC. */
  readonly hour: number;
  /** The day of the click in UTC, as YYYY-MM-DD. */
  readonly day: string;
}

/** The day that was asked for last, because nearly all clicks at hand are of one day. */
let latest = { number: Number.NaN, text: '' };

/** The UTC day of a moment, as YYYY-MM-DD. */
export function dayOf(moment: Date): string {
  const number = Math.floor(moment.getTime() / DAY_MS);
  if (number !== latest.number) latest = { number, text: moment.toISOString().slice(0, 10) };
  return latest.text;
}

/** The first day whose salt is still kept at this moment: that of an hour ago. */
export function firstSaltedDay(now: Date): string {
  return dayOf(new Date(now.getTime() - SALT_GRACE_MS));
}

/**
 * The same browser from the same address has the same identity all day, and another one tomorrow or at another tenant.
 * Once the salt is destroyed, nobody can try out which address it was.
 */
export function identify(click: Click, salt: Hmac): IdentifiedClick {
  const identity = hashOf(click.sender, salt);
  return {
    click,
    identity,
    hour: Math.floor((click.clickedAt.getTime() % DAY_MS) / 3_600_000),
    day: dayOf(click.clickedAt),
  };
}

function hashOf({ address, userAgent }: Sender, salt: Hmac): string {
  return salt.of(`${networkOf(address)}\n${userAgent}`, 'utf8', 'hex').slice(0, 2 * IDENTITY_BYTES);
}

/**
 * What of an address stands for whoever is behind it: an IPv4 address as it is, also when written as IPv6
 * (`::ffff:192.0.2.1`); of any other IPv6 address the first 64 bits, because one household has all of them and devices
 * take another address within them every day (RFC 8981).
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [plain = ''] = address.split('%');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!URL.canParse(`http://[${plain}]`)) return address;
  // The URL standard's serialiser gives each address one spelling; zeros stand where `::` does.
  const [head = '', tail] = new URL(`http://[${plain}]`).hostname.slice(1, -1).split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - first.length - last.length }, () => '0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}
