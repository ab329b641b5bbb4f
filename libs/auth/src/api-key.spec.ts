import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { apiKeySha256, isApiKey, newApiKey } from './api-key.js';

describe('an API key', () => {
  it('is dd_ and 32 random bytes, and never the same twice', () => {
    const keys = Array.from({ length: 100 }, () => newApiKey().key);
    expect(new Set(keys).size).toBe(100);
    for (const key of keys) {
      expect(key.startsWith('dd_')).toBe(true);
      expect(Buffer.from(key.slice(3), 'base64url')).toHaveLength(32);
      expect(isApiKey(key)).toBe(true);
    }
  });

  it("may say what it is for, as sites' write keys do", () => {
    expect(isApiKey(`dd_site_${'A'.repeat(43)}`)).toBe(true);
    expect(isApiKey(`dd_page_${'A'.repeat(43)}`)).toBe(false);
  });

  it('is known by the SHA-256 of the whole of it', () => {
    const { key, sha256 } = newApiKey(() => new Uint8Array(32).fill(7));
    expect(Buffer.from(sha256)).toEqual(createHash('sha256').update(key).digest());
    expect(Buffer.from(apiKeySha256(key))).toEqual(Buffer.from(sha256));
  });

  it.each([
    '',
    'dd_',
    'dd_short',
    `dd_${'a'.repeat(44)}`,
    `DD_${'a'.repeat(43)}`,
    `dd_${'a'.repeat(42)}$`,
    `dd_${'a'.repeat(43)}\n`,
  ])('does not look like %p', (text) => {
    expect(isApiKey(text)).toBe(false);
  });
});
