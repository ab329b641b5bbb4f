import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SignJWT, UnsecuredJWT } from 'jose';
import { AUDIENCE, ISSUER, JwksServer, personToken, signingKey } from '../test/jwks-server.js';
import type { SigningKey } from '../test/jwks-server.js';
import { newApiKey } from './api-key.js';
import { Authenticator } from './authenticator.js';
import { CachedApiKeys } from './cached-api-keys.js';
import type { ResolvedApiKey } from './cached-api-keys.js';
import { jwksFromUrl } from './jwks.js';
import type { Principal } from './principal.js';
import type { RevocationSubjectKind } from './revocation.store.js';
import { SERVICE_TOKEN_AUDIENCE, ServiceTokens, serviceToken } from './service-token.js';

const SECRET = 'a secret that only services know, 32 bytes';
const NOW_S = 1_800_000_000;
const TIMES = { iat: NOW_S, exp: NOW_S + 900 };
const PERSON = { kind: 'person', userId: 'u1', tenantId: 't1', roles: ['partner'], sessionId: 's1' };

const server = new JwksServer();
let key: SigningKey;
let other: SigningKey;

beforeAll(async () => {
  key = await signingKey('first');
  other = await signingKey('first');
  server.keys = [key.publicJwk];
  await server.listen();
});
afterAll(() => server.close());

let nowMs: number;
const clock = { now: () => new Date(nowMs) };
const apiKeys = new Map<string, ResolvedApiKey>();
const revoked = new Map<string, RevocationSubjectKind>();
let authenticator: Authenticator;

/** Who is revoked is a matter of the test here; the table behind it has tests of its own. */
const revocations = {
  revocationOf: (principal: Principal) =>
    principal.kind === 'person' ? (revoked.get(principal.userId) ?? revoked.get(principal.sessionId)) : undefined,
};

function build(overrides = {}): Authenticator {
  const resolve = async (sha256: Uint8Array) => apiKeys.get(Buffer.from(sha256).toString('hex'));
  return new Authenticator({
    jwks: jwksFromUrl({ url: server.url, clock }),
    issuer: ISSUER,
    audience: AUDIENCE,
    apiKeys: new CachedApiKeys({ resolve, clock }),
    serviceSecret: SECRET,
    revocations,
    clock,
    ...overrides,
  });
}

beforeEach(() => {
  nowMs = NOW_S * 1_000;
  apiKeys.clear();
  revoked.clear();
  authenticator = build();
});

const bearer = (token: string) => authenticator.authenticate(`Bearer ${token}`);
const refusal = (reason: string) => expect.objectContaining({ reason });

describe('without credentials', () => {
  it.each([undefined, ''])('nobody is calling (%p)', async (header) => {
    expect(await authenticator.authenticate(header)).toBeUndefined();
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Basic dTpw',
    'dd_x',
    'Bearer a b',
    `Bearer ${'x'.repeat(5_000)}`,
    'Bearer nonsense',
    'Bearer a.b.c',
  ])('%.30p is refused, not taken for nobody', async (header) => {
    await expect(authenticator.authenticate(header)).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });
});

describe("a person's token", () => {
  it('says who is calling', async () => {
    const token = await personToken(key, TIMES, { roles: ['admin', 'partner'] });
    expect(await bearer(token)).toEqual({ ...PERSON, roles: ['admin', 'partner'] });
    expect(await authenticator.authenticate(`bearer  ${token} `)).toMatchObject({ userId: 'u1' });
  });

  const faults: [string, Record<string, unknown>, string][] = [
    ['another issuer', { iss: 'https://evil.example' }, 'UNAUTHENTICATED'],
    ['another audience', { aud: 'elsewhere' }, 'UNAUTHENTICATED'],
    ["the services' audience", { aud: SERVICE_TOKEN_AUDIENCE }, 'UNAUTHENTICATED'],
    ['no audience', { aud: undefined }, 'UNAUTHENTICATED'],
    ['no subject', { sub: undefined }, 'UNAUTHENTICATED'],
    ['an empty subject', { sub: '' }, 'UNAUTHENTICATED'],
    ['no tenant', { tid: undefined }, 'UNAUTHENTICATED'],
    ['an empty tenant', { tid: '' }, 'UNAUTHENTICATED'],
    ['no session', { sid: undefined }, 'UNAUTHENTICATED'],
    ['no roles', { roles: undefined }, 'UNAUTHENTICATED'],
    ['roles of another form', { roles: 'admin' }, 'UNAUTHENTICATED'],
    ['no end', { exp: undefined }, 'UNAUTHENTICATED'],
    ['no beginning', { iat: undefined }, 'UNAUTHENTICATED'],
    ['an end that is past', { exp: NOW_S - 5 }, 'TOKEN_EXPIRED'],
    ['a beginning to come', { nbf: NOW_S + 6 }, 'UNAUTHENTICATED'],
    ['an issue to come', { iat: NOW_S + 6 }, 'UNAUTHENTICATED'],
  ];
  it.each(faults)('with %s is refused', async (_what, claims, reason) => {
    await expect(bearer(await personToken(key, TIMES, claims))).rejects.toEqual(refusal(reason));
  });

  it.each([
    ['an end 4 s ago', { exp: NOW_S - 4 }],
    ['a beginning in 5 s', { nbf: NOW_S + 5 }],
    ['an issue in 5 s', { iat: NOW_S + 5 }],
  ])('with %s is let pass, since clocks differ', async (_what, claims) => {
    expect(await bearer(await personToken(key, TIMES, claims))).toMatchObject({ userId: 'u1' });
  });

  it('signed by a stranger under a known key id is refused', async () => {
    await expect(bearer(await personToken(other, TIMES))).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('with a changed payload is refused', async () => {
    const [header, , signature] = (await personToken(key, TIMES)).split('.');
    const payload = Buffer.from(
      JSON.stringify({ iss: ISSUER, aud: AUDIENCE, sub: 'root', tid: 't1', sid: 's1', roles: ['owner'], ...TIMES }),
    );
    const forged = `${header}.${payload.toString('base64url')}.${signature}`;
    await expect(bearer(forged)).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('under a key id that nobody published is refused', async () => {
    await expect(bearer(await personToken(key, TIMES, {}, { kid: 'made up' }))).rejects.toEqual(
      refusal('UNAUTHENTICATED'),
    );
  });

  it('keeps the roles it knows and drops the others', async () => {
    const token = await personToken(key, TIMES, { roles: ['partner', 'emperor', 7] });
    expect(await bearer(token)).toMatchObject({ roles: ['partner'] });
  });

  it('is remembered, but not past its end', async () => {
    const token = await personToken(key, { iat: NOW_S, exp: NOW_S + 30 });
    await bearer(token);
    nowMs += 29_999;
    expect(await bearer(token)).toMatchObject(PERSON);
    nowMs += 5_001;
    await expect(bearer(token)).rejects.toEqual(refusal('TOKEN_EXPIRED'));
  });

  it('goes with its key when that is published no more', async () => {
    const rotating = new JwksServer();
    rotating.keys = [key.publicJwk];
    await rotating.listen();
    authenticator = build({ jwks: jwksFromUrl({ url: rotating.url, cacheMs: 10_000, clock }) });
    const token = await personToken(key, TIMES);
    await bearer(token);
    rotating.keys = [(await signingKey('second')).publicJwk];
    nowMs += 60_000;
    await expect(bearer(token)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    await rotating.close();
  });

  it('cannot be told while no key was ever seen', async () => {
    authenticator = build({ jwks: jwksFromUrl({ url: 'http://127.0.0.1:9/', clock }) });
    await expect(bearer(await personToken(key, TIMES))).rejects.toEqual(refusal('UNAVAILABLE'));
  });
});

describe('the two kinds of token', () => {
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: 'u1', tid: 't1', sid: 's1', roles: ['owner'], ...TIMES };
  const internal = { iss: 'dailydoco:service', aud: SERVICE_TOKEN_AUDIENCE, sub: 'payouts', ...TIMES, exp: NOW_S + 60 };
  const sign = (payload: Record<string, unknown>, alg: string, by: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT(payload).setProtectedHeader({ alg, kid: 'first' }).sign(by);

  it("never mix: a person's claims under the services' secret are refused", async () => {
    await expect(bearer(await sign(claims, 'HS256', Buffer.from(SECRET)))).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('never mix: the public key does not serve as a secret', async () => {
    const { x, y } = key.publicJwk;
    for (const guess of [JSON.stringify(key.publicJwk), `${x}${y}`, JSON.stringify({ keys: server.keys })]) {
      await expect(bearer(await sign(claims, 'HS256', Buffer.from(guess)))).rejects.toEqual(refusal('UNAUTHENTICATED'));
      await expect(bearer(await sign(internal, 'HS256', Buffer.from(guess)))).rejects.toEqual(
        refusal('UNAUTHENTICATED'),
      );
    }
  });

  it("never mix: a service's claims under a published key are refused", async () => {
    await expect(bearer(await sign(internal, 'ES256', key.privateKey))).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('are the only ones: no signature and other algorithms are refused', async () => {
    const rsa = await signingKey('first', 'RS256');
    const hidden = await sign(claims, 'HS512', Buffer.from(SECRET.repeat(2)));
    const none = new UnsecuredJWT(claims).encode();
    for (const token of [none, hidden, await sign(claims, 'RS256', rsa.privateKey)]) {
      await expect(bearer(token)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    }
  });

  it('cannot be made to mix by configuration', () => {
    expect(() => build({ audience: SERVICE_TOKEN_AUDIENCE })).toThrow(RangeError);
  });
});

describe("a service's token", () => {
  const options = { secret: SECRET, service: 'payouts', clock };

  it('says which service is calling, and for which tenant', async () => {
    expect(await bearer(await serviceToken({ ...options, tenantId: 't1' }))).toEqual({
      kind: 'service',
      service: 'payouts',
      tenantId: 't1',
    });
    expect(await bearer(await serviceToken(options))).toEqual({ kind: 'service', service: 'payouts' });
  });

  it('is over after a minute', async () => {
    const token = await serviceToken(options);
    nowMs += 65_000;
    await expect(bearer(token)).rejects.toEqual(refusal('TOKEN_EXPIRED'));
  });

  it('under another secret is refused', async () => {
    const token = await serviceToken({ ...options, secret: `${SECRET}!` });
    await expect(bearer(token)).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('that lives longer than five minutes is refused, whoever signed it', async () => {
    const token = await new SignJWT({
      iss: 'dailydoco:service',
      aud: SERVICE_TOKEN_AUDIENCE,
      sub: 'payouts',
      iat: NOW_S,
      exp: NOW_S + 301,
    })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(SECRET));
    await expect(bearer(token)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    await expect(serviceToken({ ...options, ttlSeconds: 301 })).rejects.toThrow(RangeError);
  });

  it('is not made, nor checked, with a weak secret, and the secret is not named', async () => {
    await expect(serviceToken({ ...options, secret: 'hunter2' })).rejects.toThrow(/^(?!.*hunter2).*32 bytes/);
    expect(() => build({ serviceSecret: 'hunter2' })).toThrow(/^(?!.*hunter2).*32 bytes/);
  });

  it('is kept by a client for half its life, one for each tenant', async () => {
    const tokens = new ServiceTokens({ ...options, ttlSeconds: 60 });
    const [forT1, forT2, forNone] = await Promise.all([
      tokens.tokenFor('t1'),
      tokens.tokenFor('t2'),
      tokens.tokenFor(undefined),
    ]);
    expect(new Set([forT1, forT2, forNone]).size).toBe(3);
    nowMs += 29_000;
    expect(await tokens.tokenFor('t1')).toBe(forT1);
    nowMs += 1_000;
    expect(await tokens.tokenFor('t1')).not.toBe(forT1);
  });
});

describe('an API key', () => {
  const hold = (resolved: ResolvedApiKey): string => {
    const { key: text, sha256 } = newApiKey();
    apiKeys.set(Buffer.from(sha256).toString('hex'), resolved);
    return text;
  };

  it('says who holds it and what it may do', async () => {
    const text = hold({ apiKeyId: 'k1', tenantId: 't1', scopes: ['purchases:write'] });
    expect(await bearer(text)).toEqual({ kind: 'apiKey', apiKeyId: 'k1', tenantId: 't1', scopes: ['purchases:write'] });
  });

  it('that nobody knows is refused', async () => {
    await expect(bearer(newApiKey().key)).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });

  it('that cannot be one is refused without asking', async () => {
    const asked: unknown[] = [];
    const lookUp = async (sha256: Uint8Array) => void asked.push(sha256);
    authenticator = build({ apiKeys: { lookUp } });
    await expect(bearer('dd_short')).rejects.toEqual(refusal('UNAUTHENTICATED'));
    expect(asked).toEqual([]);
  });

  it('cannot be told while identity is down', async () => {
    authenticator = build({ apiKeys: new CachedApiKeys({ resolve: () => Promise.reject(new Error('down')) }) });
    await expect(bearer(newApiKey().key)).rejects.toEqual(refusal('UNAVAILABLE'));
  });
});

describe('revocation', () => {
  it('is asked for each time, also for a remembered token, and can be lifted', async () => {
    const token = await personToken(key, TIMES);
    await bearer(token);
    revoked.set('u1', 'user');
    await expect(bearer(token)).rejects.toEqual(refusal('ACCOUNT_SUSPENDED'));
    revoked.clear();
    expect(await bearer(token)).toEqual(PERSON);
    revoked.set('s1', 'session');
    await expect(bearer(token)).rejects.toEqual(refusal('UNAUTHENTICATED'));
  });
});

describe('admit', () => {
  it('authenticates before it authorizes', async () => {
    const finance = { person: { roles: ['finance'] } } as const;
    await expect(authenticator.admit(undefined, finance)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    await expect(authenticator.admit('Bearer x', finance)).rejects.toEqual(refusal('UNAUTHENTICATED'));
    await expect(authenticator.admit(`Bearer ${await personToken(key, TIMES)}`, finance)).rejects.toEqual(
      refusal('FORBIDDEN'),
    );
    const accountant = await personToken(key, TIMES, { roles: ['finance'] });
    expect(await authenticator.admit(`Bearer ${accountant}`, finance)).toMatchObject({ roles: ['finance'] });
  });

  it('ignores credentials that do not hold where anyone may enter', async () => {
    const expired = await personToken(key, TIMES, { exp: NOW_S - 60 });
    expect(await authenticator.admit(`Bearer ${expired}`, { anyone: true })).toBeUndefined();
    expect(await authenticator.admit(`Bearer ${await personToken(key, TIMES)}`, { anyone: true })).toEqual(PERSON);
  });
});
