import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Hmac } from './hmac.js';

describe('An HMAC', () => {
  // Around the block of 64 bytes, and around what stands ready for a message.
  it.each([0, 1, 55, 56, 63, 64, 65, 1_023, 1_024, 1_025, 20_000])(
    'of %i bytes is that of Node, under keys of any length up to a block',
    (length) => {
      for (const keyBytes of [0, 1, 32, 64]) {
        const [key, message] = [randomBytes(keyBytes), randomBytes(length)];
        const expected = createHmac('sha256', key).update(message).digest('hex');
        const hmac = new Hmac(key);
        const text = message.toString('latin1');
        const found = [
          hmac.of(text, 'latin1', 'hex'),
          Buffer.from(hmac.of(text, 'latin1', 'binary'), 'latin1').toString('hex'),
        ];
        expect([key.toString('hex'), found]).toEqual([key.toString('hex'), [expected, expected]]);
      }
    },
  );

  it('keeps nothing of the message before', () => {
    const hmac = new Hmac(randomBytes(32));
    const short = hmac.of('short', 'latin1', 'hex');
    hmac.of('x'.repeat(500), 'latin1', 'hex');
    expect(hmac.of('short', 'latin1', 'hex')).toBe(short);
  });

  it('is of the bytes in the encoding that is told', () => {
    const [key, text] = [randomBytes(32), 'Zoë'];
    for (const encoding of ['utf8', 'latin1'] as const) {
      const expected = createHmac('sha256', key).update(text, encoding).digest('hex');
      expect(new Hmac(key).of(text, encoding, 'hex')).toBe(expected);
    }
  });

  it('refuses a key longer than a block', () => expect(() => new Hmac(new Uint8Array(65))).toThrow(RangeError));
});
