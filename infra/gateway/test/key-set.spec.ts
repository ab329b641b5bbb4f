import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  digestOf,
  keptAfter,
  readKeptKeys,
  readKeySet,
  toPem,
  writeKeptKeys,
  type KeptKey,
  type PublicKey,
} from '../src/keys/key-set.js';
import { kongText, withKeys } from '../src/keys/merge.js';
import { readKong } from '../src/read-kong.js';
import { renderKong } from '../src/render.js';

const MINUTE_MS = 60_000;
const overlapMs = 20 * MINUTE_MS;
const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 1) + minute * MINUTE_MS);

function jwk(kid: string, curve = 'prime256v1'): Record<string, unknown> {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' };
}
const setOf = (...keys: unknown[]): string => JSON.stringify({ keys });
const keyOf = (kid: string): PublicKey => readKeySet(setOf(jwk(kid)))[0]!;

describe('a key set', () => {
  it('is read for its ES256 keys; others and broken ones are left out', () => {
    const good = jwk('good');
    const { x, y } = good;
    const rsa = {
      ...generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' }),
      kid: 'rsa',
    };
    const offCurve = { ...good, kid: 'off', x: good['y'], y: good['x'] };
    const text = setOf(
      jwk('p384', 'secp384r1'),
      rsa,
      offCurve,
      { ...good, kid: undefined },
      { ...good, kid: 'a b' },
      { ...good, kid: 'enc', use: 'enc' },
      { ...good, kid: 'alg', alg: 'ES384' },
      'nonsense',
      null,
      good,
    );
    expect(readKeySet(text)).toEqual([{ kid: 'good', x, y }]);
  });

  it.each([
    ['no JSON', 'nonsense', /no JSON/],
    ['no set', '[]', /no JWK Set/],
    ['no list', '{"keys": {}}', /no JWK Set/],
    ['no key', '{"keys": []}', /no ES256 key/],
    ['too many keys', setOf(...Array.from({ length: 65 }, () => ({}))), /64/],
  ])('that is %s is refused', (_what, text, why) => {
    expect(() => readKeySet(text)).toThrow(why);
  });

  it('gives the same key as PEM, and nothing private', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const [key] = readKeySet(setOf({ ...privateKey.export({ format: 'jwk' }), kid: 'k' }));
    expect(Object.keys(key!)).toEqual(['kid', 'x', 'y']);
    expect(createPublicKey(toPem(key!)).equals(publicKey)).toBe(true);
    expect(writeKeptKeys([key!])).not.toContain('"d"');
  });
});

describe('keys that are kept', () => {
  const [old, current, next] = [keyOf('1'), keyOf('2'), keyOf('3')];
  const after = (kept: Parameters<typeof keptAfter>[0], published: PublicKey[], minute: number) =>
    keptAfter(kept, published, { now: at(minute), overlapMs });

  it('are those published', () => {
    expect(after([], [current, old], 0)).toEqual([old, current]);
  });

  it('stay until the overlap has passed, counted from when they were first missed', () => {
    const missed = after([old, current], [current, next], 3);
    expect(missed).toEqual([{ ...old, goneSince: at(3) }, current, next]);
    expect(after(missed, [current, next], 22)).toEqual(missed);
    expect(after(missed, [current, next], 23)).toEqual([current, next]);
  });

  it('are as ever when they come back', () => {
    expect(after([{ ...old, goneSince: at(0) }], [old], 5)).toEqual([old]);
  });

  it('come out of their file as they went in, in the same bytes whatever their order', () => {
    const keys: KeptKey[] = [{ ...old, goneSince: at(3) }, current];
    expect(readKeptKeys(writeKeptKeys(keys))).toEqual(keys);
    expect(writeKeptKeys(keys.toReversed())).toBe(writeKeptKeys(keys));
  });

  it('make Kong start anew only when the keys themselves change', () => {
    const gone: KeptKey = { ...old, goneSince: at(3) };
    expect(digestOf([gone, current])).toBe(digestOf([current, old]));
    expect(digestOf([old])).not.toBe(digestOf([old, current]));
    expect(digestOf([{ ...old, x: current.x }])).not.toBe(digestOf([old]));
  });
});

describe('merging', () => {
  const base = kongText(renderKong());

  it('gives `person` the keys and changes nothing else', () => {
    const keys = [keyOf('1'), keyOf('2')];
    const merged = readKong(kongText(withKeys(base, keys)));
    expect(merged.consumers[0]).toEqual({
      username: 'person',
      jwt_secrets: keys.map((key) => ({ key: key.kid, algorithm: 'ES256', rsa_public_key: toPem(key) })),
    });
    expect({ ...merged, consumers: renderKong().consumers }).toEqual(renderKong());
  });

  it('without keys changes nothing', () => {
    expect(withKeys(base, [])).toEqual(renderKong());
  });

  it('refuses a file that it does not understand', () => {
    expect(() => withKeys(base.replace('round-robin', 'random'), [])).toThrow(/algorithm/);
  });

  it('lets an installation set what is its own', () => {
    const changed = readKong(base);
    const set = { host: 'dd-redis', port: 6380, password: '{vault://env/x}', ssl: true, ssl_verify: true };
    const plugins = changed.plugins.map((plugin) =>
      plugin.name === 'rate-limiting' ? { ...plugin, config: { ...plugin.config, redis: set } } : plugin,
    );
    expect(withKeys(kongText({ ...changed, plugins }), []).plugins).toEqual(plugins);
  });
});
