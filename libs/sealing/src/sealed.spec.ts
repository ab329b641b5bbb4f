import { describe, expect, it } from '@jest/globals';
import { fingerprint, KEY_BYTES, keyFor, NONCE_BYTES, seal, unseal } from './index.js';

const SECRET = new Uint8Array(KEY_BYTES).fill(7);
const key = keyFor('spec', SECRET);
const nonce = new Uint8Array(NONCE_BYTES).fill(1);
const sealed = seal('DE89 3704', { key, nonce, boundTo: 'here' });

describe('What is sealed', () => {
  it('is read again under the same key and purpose', () => {
    expect(unseal(sealed, { key, boundTo: 'here' }).toString()).toBe('DE89 3704');
    expect(sealed.includes('3704')).toBe(false);
  });

  it('does not open for another purpose, under another key, or with a byte changed, cut off or added', () => {
    const open = (bytes: Uint8Array, given: { key: Uint8Array; boundTo: string }) => () => unseal(bytes, given);
    expect(open(sealed, { key, boundTo: 'there' })).toThrow();
    expect(open(sealed, { key: keyFor('another use', SECRET), boundTo: 'here' })).toThrow();
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Uint8Array.from(sealed, (byte, n) => (n === at ? byte ^ 1 : byte));
      expect(open(changed, { key, boundTo: 'here' })).toThrow();
    }
    expect(open(sealed.subarray(0, -1), { key, boundTo: 'here' })).toThrow();
    expect(open(Buffer.concat([sealed, nonce]), { key, boundTo: 'here' })).toThrow();
    expect(open(new Uint8Array(), { key, boundTo: 'here' })).toThrow();
  });

  it('takes only nonces and secrets of the right length', () => {
    expect(() => seal('x', { key, nonce: new Uint8Array(8), boundTo: '' })).toThrow(RangeError);
    expect(() => keyFor('spec', new Uint8Array(16))).toThrow(RangeError);
  });
});

describe('A key', () => {
  it('is another for each use and each salt, and the same for the same', () => {
    const salt = new Uint8Array(KEY_BYTES).fill(3);
    const keys = [keyFor('a', SECRET), keyFor('b', SECRET), keyFor('a', SECRET, salt), keyFor('a', salt, SECRET)];
    expect(new Set(keys.map((each) => Buffer.from(each).toString('hex'))).size).toBe(keys.length);
    expect(keyFor('a', SECRET, salt)).toEqual(keys[2]);
  });

  it('is that of RFC 5869: without a salt as with one of zeros', () => {
    expect(keyFor('a', SECRET)).toEqual(keyFor('a', SECRET, new Uint8Array(32)));
  });
});

describe('A fingerprint', () => {
  it('is equal for equal texts of one purpose and key only', () => {
    const of = (text: string, boundTo = 'iban', by = key) => fingerprint(text, { key: by, boundTo }).toString('hex');
    expect(of('DE89')).toBe(of('DE89'));
    const others = [of('DE89'), of('DE88'), of('DE89', 'aba'), of('89', 'ibanDE'), of('DE89', 'iban', SECRET)];
    expect(new Set(others).size).toBe(others.length);
  });
});
