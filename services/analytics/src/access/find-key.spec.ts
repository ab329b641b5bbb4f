import { describe, expect, it } from '@jest/globals';
import { findKey, type KeyIssuer } from './find-key.js';

const sha256 = new Uint8Array(32);
const key = { apiKeyId: 'key', tenantId: 'tenant', scopes: ['events:write'] };
const knows: KeyIssuer = () => Promise.resolve(key);
const knowsNot: KeyIssuer = () => Promise.resolve(undefined);
const isAway: KeyIssuer = () => Promise.reject(new Error('away'));

describe('A key', () => {
  it.each([
    ['the first issuer', [knows, knowsNot]],
    ['the second', [knowsNot, knows]],
    ['the second while the first is away', [isAway, knows]],
    ['the first while the second is away', [knows, isAway]],
  ])('is known to %s', async (_, issuers) => {
    expect(await findKey(issuers, sha256)).toBe(key);
  });

  it('is unknown when all say so', async () => {
    expect(await findKey([knowsNot, knowsNot], sha256)).toBeUndefined();
  });

  it.each([[[isAway, knowsNot]], [[knowsNot, isAway]]])('cannot be told while one is away', async (issuers) => {
    await expect(findKey(issuers, sha256)).rejects.toThrow('away');
  });
});
