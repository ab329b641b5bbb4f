import { hkdfSync, timingSafeEqual } from 'node:crypto';
import type { TenantId } from '../ids.js';
import { Hmac } from './hmac.js';

const KEY_BYTES = 32;
const ID_BYTES = 16;
const MAC_BYTES = 16;
const SIGNED_BYTES = 1 + ID_BYTES;
/** 33 bytes in base64url: every text of this form is one token, spelt in the one way it can be. */
const TOKEN = /^[\w-]{44}$/;

/** The keys that click ids are signed under are numbered from 1 to this. */
export const MAX_CLICK_ID_KEY = 255;

/**
 * Signed click ids: what the redirect tells the landing page, so that a server may tell it back without a cookie. A token
 * is the number of the key (1 byte), the click's id (16 bytes) and the first 16 bytes of an HMAC-SHA-256 of both and the
 * tenant. Only this service checks them, so one secret does, and a signature costs the redirect next to nothing. The keys
 * are derived from the installation's secret (HKDF, RFC 5869): there is nothing to store or to agree on, and every replica
 * signs from its first moment. The keys before and after the present one hold too, so that a rotation leaves nobody out.
 */
export class ClickIds {
  readonly #keyNumber: number;
  readonly #keys: ReadonlyMap<number, Hmac>;

  /** `secret`: 32 bytes. `keyNumber`: 1 to MAX_CLICK_ID_KEY. */
  constructor({ secret, keyNumber }: { secret: Uint8Array; keyNumber: number }) {
    if (secret.length !== KEY_BYTES) throw new RangeError('the key encryption secret has 32 bytes');
    this.#keyNumber = keyNumber;
    this.#keys = new Map(
      [keyNumber - 1, keyNumber, keyNumber + 1]
        .filter((number) => number >= 1 && number <= MAX_CLICK_ID_KEY)
        .map((number) => [number, keyOf(secret, number)]),
    );
  }

  /** 44 letters, digits, hyphens and underscores. */
  sign(tenantId: TenantId, clickId: string): string {
    const token = Buffer.allocUnsafe(SIGNED_BYTES + MAC_BYTES);
    token[0] = this.#keyNumber;
    token.write(clickId.replaceAll('-', ''), 1, 'hex');
    token.write(this.#mac(token, tenantId) ?? '', SIGNED_BYTES, MAC_BYTES, 'latin1');
    return token.toString('base64url');
  }

  /** The click's id; undefined for anything that was not signed here for this tenant. */
  read(tenantId: TenantId, text: string | undefined): string | undefined {
    if (text === undefined || !TOKEN.test(text)) return undefined;
    const token = Buffer.from(text, 'base64url');
    const mac = this.#mac(token, tenantId)?.slice(0, MAC_BYTES);
    if (mac === undefined || !timingSafeEqual(Buffer.from(mac, 'latin1'), token.subarray(SIGNED_BYTES)))
      return undefined;
    const hex = token.toString('hex', 1, SIGNED_BYTES);
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }

  /** One character a byte; undefined for a key that does not hold. */
  #mac(token: Buffer, tenantId: TenantId): string | undefined {
    return this.#keys.get(token[0] ?? 0)?.of(token.toString('latin1', 0, SIGNED_BYTES) + tenantId, 'latin1', 'binary');
  }
}

function keyOf(secret: Uint8Array, number: number): Hmac {
  const bytes = hkdfSync('sha256', secret, '', `viral-engine click ids ${number}`, KEY_BYTES);
  return new Hmac(new Uint8Array(bytes));
}
