import { createHmac } from 'node:crypto';
import type { TenantId } from '../ids.js';
import { mailboxOf } from './mailbox.js';
import { networkOf } from './client-network.js';

const FINGERPRINT_BYTES = 16;

/** Where a registration came from, as the client and the gateway tell it. Never stored. */
export interface RegistrationOrigin {
  /** The client's address as the trusted proxies give it. */
  readonly address: string | undefined;
  readonly userAgent: string | undefined;
  /** The client's own name for the device it runs on. */
  readonly deviceId: string | undefined;
}

/** What tells whether two registrations of a tenant have something in common, without telling what. */
export interface Fingerprints {
  readonly email: Uint8Array;
  readonly emailDisposable: boolean;
  readonly address: Uint8Array | undefined;
  readonly agent: Uint8Array | undefined;
  readonly device: Uint8Array | undefined;
}

export interface FingerprintSecrets {
  /** The tenant's own key, the same at every call: fingerprints of two tenants cannot be compared. */
  readonly tenantKey: (tenantId: TenantId) => Uint8Array;
  /** Whether mailboxes of this domain are made to be thrown away. */
  readonly isDisposable: (domain: string) => boolean;
}

/** Takes the fingerprints of a registration. */
export function fingerprintsOf(
  { tenantKey, isDisposable }: FingerprintSecrets,
  { tenantId, email, origin }: { tenantId: TenantId; email: string; origin: RegistrationOrigin },
): Fingerprints {
  const key = tenantKey(tenantId);
  const print = (what: string, text: string | undefined): Uint8Array | undefined =>
    text === undefined || text === '' ? undefined : hmac(key, what, text);
  const mailbox = mailboxOf(email);
  return {
    email: hmac(key, 'email', mailbox),
    emailDisposable: isDisposable(mailbox.slice(mailbox.lastIndexOf('@') + 1)),
    address: print('address', origin.address === undefined ? undefined : networkOf(origin.address)),
    agent: print('agent', origin.userAgent),
    device: print('device', origin.deviceId),
  };
}

/** What is compared stands behind its own name, so that a text of one kind never equals one of another. */
function hmac(key: Uint8Array, what: string, text: string): Uint8Array {
  return createHmac('sha256', key).update(`${what}\0`).update(text).digest().subarray(0, FINGERPRINT_BYTES);
}
