import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Sealer } from './sealer.js';

const sealer = new Sealer(randomBytes(32));

describe('what is sealed', () => {
  it('opens as it was, and never looks the same twice', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const [one, two] = [sealer.seal(text, 'mail'), sealer.seal(text, 'mail')];
        expect(one.equals(two)).toBe(false);
        expect(sealer.open(one, 'mail').toString()).toBe(text);
      }),
    );
  });

  it('opens for no other purpose, under no other secret, and not with a byte changed', () => {
    const sealed = sealer.seal('a secret', 'mail');
    expect(() => sealer.open(sealed, 'key')).toThrow();
    expect(() => new Sealer(randomBytes(32)).open(sealed, 'mail')).toThrow();
    const changed = Buffer.from(sealed);
    changed[20] = (changed[20] ?? 0) ^ 1;
    expect(() => sealer.open(changed, 'mail')).toThrow();
  });

  it('refuses a secret of another length', () => {
    expect(() => new Sealer(randomBytes(31))).toThrow(RangeError);
  });
});

describe('a digest', () => {
  it('is equal for equal texts of one purpose only', () => {
    expect(sealer.digest('a@b.c', 'email').equals(sealer.digest('a@b.c', 'email'))).toBe(true);
    expect(sealer.digest('a@b.c', 'email').equals(sealer.digest('a@b.c', 'other'))).toBe(false);
  });
});
