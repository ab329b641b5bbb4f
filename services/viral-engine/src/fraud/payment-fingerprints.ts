import { createHmac, hkdfSync } from 'node:crypto';
import type { TenantId } from '../ids.js';

const SECRET_BYTES = 32;
const FINGERPRINT_BYTES = 16;

/**
 * Takes fingerprints of what was paid with: equal cards of a tenant have equal ones, which lead back to no card, and
 * those of two tenants cannot be compared.
 */
export class PaymentFingerprints {
  readonly #secret: Uint8Array;

  /** `secret`: the installation's, 32 bytes. */
  constructor(secret: Uint8Array) {
    if (secret.length !== SECRET_BYTES) throw new RangeError('the key encryption secret has 32 bytes');
    this.#secret = new Uint8Array(hkdfSync('sha256', secret, '', 'viral-engine payment fingerprints', SECRET_BYTES));
  }

  /** `payment`: the payment provider's own name of the card or account. */
  of(tenantId: TenantId, payment: string): Uint8Array {
    const key = createHmac('sha256', this.#secret).update(tenantId).digest();
    return createHmac('sha256', key).update(payment).digest().subarray(0, FINGERPRINT_BYTES);
  }
}
