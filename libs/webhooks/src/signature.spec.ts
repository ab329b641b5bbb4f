import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { SecretSealer } from './secret-sealer.js';
import { newSecret, signatureHeaders } from './signature.js';

describe('a signed message', () => {
  const [first, second] = [newSecret(randomBytes), newSecret(randomBytes)];
  const body = JSON.stringify({ type: 'payout.settled', data: { note: 'Grüße, "§" – 100 €' } });
  const parts = { id: '0199-id', at: new Date(), body };

  it('is taken by the specification’s own library, with either of two secrets', () => {
    const headers = signatureHeaders(parts, [second, first]);
    for (const secret of [first, second]) expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  });

  it('is not taken with another secret, body, id or time', () => {
    const headers = signatureHeaders(parts, [first]);
    expect(() => new Webhook(second).verify(body, headers)).toThrow('No matching signature');
    expect(() => new Webhook(first).verify(`${body} `, headers)).toThrow('No matching signature');
    expect(() => new Webhook(first).verify(body, { ...headers, 'webhook-id': 'other' })).toThrow(
      'No matching signature',
    );
    const old = signatureHeaders({ ...parts, at: new Date(Date.now() - 10 * 60_000) }, [first]);
    expect(() => new Webhook(first).verify(body, old)).toThrow('too old');
  });

  it('has a secret of 32 bytes', () => {
    expect(first).toMatch(/^whsec_/);
    expect(Buffer.from(first.slice(6), 'base64')).toHaveLength(32);
    expect(first).not.toBe(second);
  });
});

describe('a sealed secret', () => {
  const sealer = new SecretSealer(randomBytes(32), randomBytes);

  it('opens for its own subscription, under its own key, and nowhere else', () => {
    const sealed = sealer.seal('whsec_x', 'a');
    expect(sealed.includes('whsec')).toBe(false);
    expect(sealer.open(sealed, 'a')).toBe('whsec_x');
    expect(() => sealer.open(sealed, 'b')).toThrow();
    expect(() => new SecretSealer(randomBytes(32), randomBytes).open(sealed, 'a')).toThrow();
    expect(() => new SecretSealer(randomBytes(31), randomBytes)).toThrow(RangeError);
  });
});
