import { describe, expect, it } from '@jest/globals';
import { asTenantId } from '../ids.js';
import { ClickIds } from './click-ids.js';

const secret = new Uint8Array(32).fill(7);
const tenant = asTenantId('0197d7a0-0000-7000-8000-000000000001');
const click = '0197d7a0-1234-7abc-8def-0123456789ab';
const keys = (keyNumber: number, other = secret) => new ClickIds({ secret: other, keyNumber });
const token = keys(2).sign(tenant, click);

describe('A signed click id', () => {
  it('is short, fit for an address, and read by whoever has the secret', () => {
    expect(token).toMatch(/^[\w-]{44}$/);
    expect(encodeURIComponent(token)).toBe(token);
    expect(keys(2).read(tenant, token)).toBe(click);
  });

  it('is nothing to another tenant, or under another secret', () => {
    expect(keys(2).read(asTenantId('0197d7a0-0000-7000-8000-000000000002'), token)).toBeUndefined();
    expect(keys(2, new Uint8Array(32)).read(tenant, token)).toBeUndefined();
  });

  it('is nothing with any one bit changed', () => {
    const bytes = Buffer.from(token, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, keys(2).read(tenant, changed.toString('base64url'))]).toEqual([bit, undefined]);
    }
  });

  it.each([undefined, '', 'x', token.slice(1), `${token}A`, `${token}=`, ` ${token}`, 'ü'.repeat(44), '\0'.repeat(44)])(
    'is not %j',
    (text) => expect(keys(2).read(tenant, text)).toBeUndefined(),
  );

  it('holds while the key goes on by one, in either order of the replicas, and no longer', () => {
    expect([1, 2, 3, 4].map((number) => keys(number).read(tenant, token))).toEqual([click, click, click, undefined]);
    expect(keys(255).read(tenant, keys(254).sign(tenant, click))).toBe(click);
  });

  it('is signed the same way for ever, because it stands in addresses', () => {
    expect(keys(1).sign(tenant, click)).toBe('AQGX16ASNHq8je8BI0VniauFWzruMQD9tFtrjWN8KyrU');
  });
});
