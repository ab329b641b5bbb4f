import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JwksServer, signingKey } from '../test/jwks-server.js';
import type { SigningKey } from '../test/jwks-server.js';
import { jwksFromUrl } from './jwks.js';

let first: SigningKey;
let second: SigningKey;
let server: JwksServer;
let nowMs: number;
const clock = { now: () => new Date(nowMs) };
const pass = (ms: number): void => void (nowMs += ms);
const source = (options = {}) => jwksFromUrl({ url: server.url, clock, ...options });
const HOUR = 3_600_000;

beforeAll(async () => {
  first = await signingKey('first');
  second = await signingKey('second');
});
beforeEach(async () => {
  nowMs = 1_800_000_000_000;
  server = new JwksServer();
  server.keys = [first.publicJwk];
  await server.listen();
});
afterEach(() => server.close());

describe('signing keys from a URL', () => {
  it('are fetched on first use and kept', async () => {
    const jwks = source();
    expect(server.fetches).toBe(0);
    expect(await jwks.keyFor('first')).toBeDefined();
    pass(200_000);
    expect(await jwks.keyFor('first')).toBeDefined();
    expect(server.fetches).toBe(1);
  });

  it('are fetched once for many who ask at a time', async () => {
    const jwks = source();
    const release = server.hold();
    const all = Promise.all(Array.from({ length: 50 }, () => jwks.keyFor('first')));
    release();
    expect((await all).every((key) => key !== undefined)).toBe(true);
    expect(server.fetches).toBe(1);
  });

  it('are fetched anew before they are too old, without anybody waiting', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    pass(240_000);
    const release = server.hold();
    expect(await jwks.keyFor('first')).toBeDefined();
    release();
  });

  it('are gone when they are published no more and the set has aged', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    server.keys = [second.publicJwk];
    pass(300_000);
    expect(await jwks.keyFor('first')).toBeUndefined();
    expect(await jwks.keyFor('second')).toBeDefined();
  });
});

describe('rotation', () => {
  it('needs no restart: an unknown key id is looked for at once', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    pass(5_000);
    server.keys = [first.publicJwk, second.publicJwk];
    expect(await jwks.keyFor('second')).toBeDefined();
    expect(await jwks.keyFor('first')).toBeDefined();
    expect(server.fetches).toBe(2);
  });

  it('costs one fetch in 5 seconds, however many key ids are made up', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    pass(5_000);
    for (let i = 0; i < 100; i += 1) expect(await jwks.keyFor(`made up ${i}`)).toBeUndefined();
    expect(server.fetches).toBe(2);
    pass(5_000);
    await jwks.keyFor('made up');
    expect(server.fetches).toBe(3);
  });
});

describe('while the endpoint fails', () => {
  const failures: [string, () => void | Promise<void>][] = [
    ['answers 500', () => void (server.status = 500)],
    ['answers no JSON', () => void (server.body = '<html>')],
    ['answers something else', () => void (server.body = '{"keys": 3}')],
    ['answers an empty set', () => void (server.keys = [])],
    [
      'answers without end',
      () => void (server.body = JSON.stringify({ keys: [first.publicJwk], pad: 'x'.repeat(300_000) })),
    ],
    ['is not there', () => server.close()],
  ];

  it.each(failures)('because it %s, the last keys are used for a day, and not longer', async (_how, fail) => {
    const jwks = source();
    await jwks.keyFor('first');
    await fail();
    pass(23 * HOUR);
    expect(await jwks.keyFor('first')).toBeDefined();
    pass(1 * HOUR);
    await expect(jwks.keyFor('first')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    await server.listen().catch(() => undefined);
  });

  it.each(failures)(
    'because it %s, and no key was ever seen, the answer is unavailable, not unknown',
    async (_how, fail) => {
      await fail();
      await expect(source().keyFor('first')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
      await server.listen().catch(() => undefined);
    },
  );

  it('an unknown key id is unavailable too: it may have been published a moment ago', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    server.status = 503;
    pass(5_000);
    await expect(jwks.keyFor('second')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(await jwks.keyFor('first')).toBeDefined();
  });

  it('it is not asked more often than once in 5 seconds, and is used again as soon as it recovers', async () => {
    const jwks = source();
    await jwks.keyFor('first');
    server.status = 500;
    pass(300_000);
    for (let i = 0; i < 20; i += 1) await jwks.keyFor('first');
    expect(server.fetches).toBe(2);
    server.status = 200;
    server.keys = [first.publicJwk, second.publicJwk];
    pass(5_000);
    expect(await jwks.keyFor('second')).toBeDefined();
  });

  it('a service that started before identity has its keys a second after identity is there', async () => {
    server.status = 503;
    const jwks = source();
    await expect(jwks.keyFor('first')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    server.status = 200;
    pass(1_000);
    expect(await jwks.keyFor('first')).toBeDefined();
  });

  it('an endpoint that does not answer is given up after the timeout', async () => {
    const release = server.hold();
    await expect(source({ timeoutMs: 50 }).keyFor('first')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    release();
  });

  it('an endpoint that sends its readers elsewhere is not followed', async () => {
    server.status = 302;
    await expect(source().keyFor('first')).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
  });
});

describe('a set of keys', () => {
  it('gives only ES256 signing keys, and survives a broken one among them', async () => {
    const rsa = await signingKey('rsa', 'RS256');
    const p384 = await signingKey('p384', 'ES384');
    const broken = { ...first.publicJwk, kid: 'broken', x: 'AAAA' };
    const forEncryption = { ...first.publicJwk, kid: 'enc', use: 'enc' };
    const shared = { kty: 'oct', k: 'c2VjcmV0', kid: 'oct', alg: 'HS256' };
    server.keys = [rsa.publicJwk, p384.publicJwk, broken, forEncryption, shared, first.publicJwk];
    const jwks = source();
    const found = await Promise.all(['rsa', 'p384', 'broken', 'enc', 'oct', 'first'].map((kid) => jwks.keyFor(kid)));
    expect(found.map((key) => key?.type)).toEqual([undefined, undefined, undefined, undefined, undefined, 'public']);
  });
});
