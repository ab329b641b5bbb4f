import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { claimsOf, type Identity, type Someone, startIdentity, startReplica } from './identity.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

let identity: Identity;
let replica: Identity;

beforeAll(async () => {
  identity = await startIdentity();
  replica = await startReplica(identity);
});
afterAll(async () => {
  await replica.stop();
  await identity.stop();
});

const published = async (on: Identity): Promise<string[]> => {
  const { body } = await on.call('GET', '/.well-known/jwks.json');
  return body.keys.map(({ kid }: { kid: string }) => kid);
};
const signedBy = ({ as }: Someone) => decodeProtectedHeader(as.slice('Bearer '.length)).kid;
const refreshBoth = () => Promise.all([identity, replica].map(({ runtime }) => runtime.keyRing.refresh()));
const me = async ({ as }: Pick<Someone, 'as'>) => (await identity.call('GET', '/v1/users/me', { as })).status;

describe('The key set', () => {
  it('can be checked against by anybody, and holds nothing that signs', async () => {
    const { status, headers, body } = await identity.call('GET', '/.well-known/jwks.json');
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    expect(body.keys).toEqual([
      {
        kty: 'EC',
        crv: 'P-256',
        alg: 'ES256',
        use: 'sig',
        kid: expect.any(String),
        x: expect.any(String),
        y: expect.any(String),
      },
    ]);
    const person = await identity.register();
    const { payload } = await jwtVerify(
      person.as.slice('Bearer '.length),
      createRemoteJWKSet(new URL(`${replica.url}/.well-known/jwks.json`)),
      {
        issuer: 'https://identity.spec',
        audience: 'dailydoco',
        algorithms: ['ES256'],
        currentDate: identity.clock.now(),
      },
    );
    expect(payload).toMatchObject({ sub: person.id, tid: person.tenantId, sid: person.sessionId });
  });

  it('lets nobody in with a key of their own', async () => {
    const person = await identity.register();
    const { privateKey } = await generateKeyPair('ES256');
    const [kid = ''] = await published(identity);
    const forged = await new SignJWT({ ...claimsOf(person.as), roles: ['owner'] })
      .setProtectedHeader({ alg: 'ES256', kid, typ: 'JWT' })
      .sign(privateKey);
    expect(await me(person)).toBe(200);
    expect(await me({ as: `Bearer ${forged}` })).toBe(401);
  });
});

describe('A rotation', () => {
  it('publishes the new key before it signs and the old one until its tokens are over, on every replica alike', async () => {
    const [old] = await published(identity);
    expect(await published(replica)).toEqual([old]);
    await refreshBoth();
    expect(await published(identity)).toEqual([old]);

    identity.clock.advance(90 * DAY);
    // Many replicas find at once that a key is due.
    await Promise.all([refreshBoth(), refreshBoth(), refreshBoth()]);
    await refreshBoth();
    const both = await published(identity);
    expect(both).toEqual([old, expect.any(String)]);
    expect(await published(replica)).toEqual(both);
    expect(signedBy(await identity.register())).toBe(old);

    identity.clock.advance(10 * MINUTE - 1);
    const last = await identity.register();
    expect(signedBy(last)).toBe(old);
    identity.clock.advance(1);
    const first = await replica.register();
    expect(signedBy(first)).toBe(both[1]);
    expect([await me(last), await me(first)]).toEqual([200, 200]);

    identity.clock.advance(14 * MINUTE);
    await refreshBoth();
    expect(await published(identity)).toEqual(both);
    expect(await me(last)).toBe(200);
    identity.clock.advance(6 * MINUTE);
    await refreshBoth();
    expect(await published(identity)).toEqual([both[1]]);
    const { rows } = await identity.pool.query<{ kid: string }>('SELECT kid FROM signing_key');
    expect(rows).toEqual([{ kid: both[1] }]);
  });

  it('outlives a restart: another replica opens the same key', async () => {
    const person = await identity.register();
    const restarted = await startReplica(identity);
    const { status } = await restarted.call('GET', '/v1/users/me', { as: person.as });
    await restarted.stop();
    expect(status).toBe(200);
  });

  it('cannot be read under another secret: such a replica does not boot', async () => {
    const other = startReplica(identity, { env: { KEY_ENCRYPTION_SECRET: Buffer.alloc(32, 7).toString('base64') } });
    await expect(other).rejects.toThrow('KEY_ENCRYPTION_SECRET');
  });
});
