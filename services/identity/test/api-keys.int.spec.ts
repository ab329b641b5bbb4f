import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKeySha256 } from '@dailydoco/auth';
import { createGrpcClient, type GrpcClient } from '@dailydoco/grpc';
import { newId } from '@dailydoco/lifecycle';
import { ApiKeyServiceService, UserServiceService, UserStatus } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { eventually } from '@dailydoco/testing';
import { type Identity, SECRET, type Someone, startIdentity } from './identity.js';

let identity: Identity;
let admin: Someone;
let keys: GrpcClient<typeof ApiKeyServiceService>;
let users: GrpcClient<typeof UserServiceService>;

beforeAll(async () => {
  identity = await startIdentity();
  admin = await identity.personWith(['admin']);
  const options = { address: identity.grpcAddress, service: 'viral-engine', serviceSecret: SECRET };
  keys = createGrpcClient(ApiKeyServiceService, options);
  users = createGrpcClient(UserServiceService, options);
});

afterAll(async () => {
  keys.close();
  users.close();
  await identity.stop();
});

const outcome = async (work: ReturnType<Identity['call']>) => {
  const { status, body } = await work;
  return status < 300 ? status : [status, body.code];
};
const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    (error: { reason?: string }) => error.reason,
  );
const make = (as: string, body: unknown = { name: 'Billing', scopes: ['purchases:write'] }, key: string = newId()) =>
  identity.post('/v1/api-keys', body, { as, key });
const list = async (as: string, query = '') => (await identity.call('GET', `/v1/api-keys${query}`, { as })).body;
const resolve = (key: string) => keys.resolveApiKey({ keySha256: Buffer.from(apiKeySha256(key)) });

describe('An API key', () => {
  it('is shown once, listed without its secret, and resolved by its digest', async () => {
    const { status, body } = await make(admin.as, {
      name: '  Billing ',
      scopes: ['purchases:write', 'purchases:read', 'purchases:write'],
    });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.any(String),
      key: expect.stringMatching(/^dd_/),
      name: 'Billing',
      scopes: ['purchases:write', 'purchases:read'],
      createdBy: admin.id,
      createdAt: identity.clock.now().toISOString(),
    });
    const { key, ...rest } = body;
    expect((await list(admin.as)).items[0]).toEqual(rest);
    expect(await resolve(key)).toEqual({
      known: true,
      apiKeyId: body.id,
      tenantId: admin.tenantId,
      scopes: ['purchases:write', 'purchases:read'],
    });
    expect(await identity.auditOf(body.id)).toEqual(['api_key_made']);
  });

  it('is the same under the same Idempotency-Key, secret included', async () => {
    const key = newId();
    const [first, second] = [await make(admin.as, undefined, key), await make(admin.as, undefined, key)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is listed newest first, page by page', async () => {
    for (let n = 0; n < 3; n += 1) await make(admin.as);
    const all = (await list(admin.as)).items;
    const first = await list(admin.as, '?pageSize=2');
    const second = await list(admin.as, `?pageSize=2&pageToken=${first.nextPageToken}`);
    expect([...first.items, ...second.items]).toEqual(all.slice(0, 4));
  });

  it('is refused here at once and told to all when it is revoked, once', async () => {
    const { body } = await make(admin.as);
    const as = `Bearer ${body.key}`;
    const me = () => outcome(identity.call('GET', '/v1/users/me', { as }));
    expect(await me()).toEqual([403, 'FORBIDDEN']);
    const revoke = () => outcome(identity.call('DELETE', `/v1/api-keys/${body.id}`, { as: admin.as }));
    expect(await revoke()).toBe(204);
    expect(await me()).toEqual([401, 'UNAUTHENTICATED']);
    expect(await revoke()).toEqual([404, 'NOT_FOUND']);
    expect(await resolve(body.key)).toEqual({ known: false, apiKeyId: '', tenantId: '', scopes: [] });
    expect((await list(admin.as)).items.map(({ id }: { id: string }) => id)).not.toContain(body.id);
    const [told, ...more] = await identity.eventsOf(body.id);
    expect(more).toEqual([]);
    expect(told).toMatchObject({ name: 'ApiKeyRevoked', tenantId: admin.tenantId, payload: { apiKeyId: body.id } });
    expect(Buffer.from(told!.payload['keySha256'] as Uint8Array)).toEqual(Buffer.from(apiKeySha256(body.key)));
    expect(await identity.auditOf(body.id)).toEqual(['api_key_made', 'api_key_revoked']);
    const { rows } = await identity.pool.query(
      `SELECT 1 FROM auth.revocation WHERE subject_kind = 'apiKey' AND subject_id = $1`,
      [body.id],
    );
    expect(rows).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no scopes', { name: 'k', scopes: [] }],
    ['an unknown scope', { name: 'k', scopes: ['everything'] }],
    ['scopes that are no list', { name: 'k', scopes: 'purchases:read' }],
    ['no name', { scopes: ['purchases:read'] }],
    ['an empty name', { name: ' ', scopes: ['purchases:read'] }],
    ['a name with a NUL', { name: 'a\u0000', scopes: ['purchases:read'] }],
    ['a secret of one’s own', { name: 'k', scopes: ['purchases:read'], key: 'dd_mine' }],
  ])('is not made of %s', async (_, body) => {
    expect(await outcome(make(admin.as, body))).toEqual([400, expect.stringMatching(/VALIDATION|MALFORMED/)]);
  });

  it('is the business of admins, who signed in', async () => {
    const finance = await identity.personWith(['finance', 'support']);
    const { body } = await make(admin.as);
    const calls: [string, string, unknown?][] = [
      ['POST', '/v1/api-keys', { name: 'k', scopes: ['purchases:read'] }],
      ['GET', '/v1/api-keys'],
      ['DELETE', `/v1/api-keys/${body.id}`],
    ];
    for (const [method, path, given] of calls) {
      const as = (authorization?: string) => outcome(identity.call(method, path, { as: authorization, body: given }));
      expect([path, await as()]).toEqual([path, [401, 'UNAUTHENTICATED']]);
      expect([path, await as(finance.as)]).toEqual([path, [403, 'FORBIDDEN']]);
      expect([path, await as(`Bearer ${body.key}`)]).toEqual([path, [403, 'FORBIDDEN']]);
    }
    expect(await outcome(identity.call('DELETE', '/v1/api-keys/x', { as: admin.as }))).toEqual([
      400,
      'VALIDATION_FAILED',
    ]);
  });
});

describe('ResolveApiKey', () => {
  it('knows no key that nobody made, and no digest that is none', async () => {
    expect(await resolve('dd_nobody made this one')).toMatchObject({ known: false });
    for (const length of [0, 31, 33]) {
      expect(await reasonOf(keys.resolveApiKey({ keySha256: Buffer.alloc(length) }))).toBe('VALIDATION_FAILED');
    }
  });

  it('is for services', async () => {
    const request = { keySha256: Buffer.alloc(32) };
    expect(await reasonOf(keys.resolveApiKey(request, { authorization: admin.as }))).toBe('FORBIDDEN');
    const stranger = createGrpcClient(ApiKeyServiceService, {
      address: identity.grpcAddress,
      service: 'viral-engine',
      serviceSecret: 'a secret that is not the one of this installation',
    });
    expect(await reasonOf(stranger.resolveApiKey(request))).toBe('UNAUTHENTICATED');
    stranger.close();
  });
});

describe('GetUser', () => {
  it('gives the facts of a registration, whatever the tenant, and the status of the moment', async () => {
    const visitorId = newId();
    const { body } = await identity.post(
      '/v1/auth/register',
      { email: `${newId()}@people.example`, password: 'a long password', displayName: 'A', referralCode: 'CODE' },
      { headers: { cookie: `dd_visitor=${visitorId}` } },
    );
    const userId: string = body.user.id;
    const facts = {
      userId,
      tenantId: admin.tenantId,
      status: UserStatus.USER_STATUS_ACTIVE,
      referralCode: 'CODE',
      visitorId,
      registeredAt: identity.clock.now(),
    };
    expect(await users.getUser({ userId })).toEqual(facts);
    expect(await users.getUser({ userId }, { tenantId: newId() })).toEqual(facts);
    await identity.post(`/v1/users/${userId}/suspend`, undefined, { as: admin.as });
    expect(await users.getUser({ userId })).toEqual({ ...facts, status: UserStatus.USER_STATUS_SUSPENDED });
  });

  it('gives the tenant of a user of another tenant, and empty texts for what there is not', async () => {
    const { tenantId, owner } = await identity.openTenant();
    expect(await users.getUser({ userId: owner.id })).toMatchObject({ tenantId, referralCode: '', visitorId: '' });
  });

  it('does not know what is nobody’s id, and answers services only', async () => {
    for (const userId of [newId(), '', 'x']) expect(await reasonOf(users.getUser({ userId }))).toBe('USER_UNKNOWN');
    expect(await reasonOf(users.getUser({ userId: admin.id }, { authorization: admin.as }))).toBe('FORBIDDEN');
    const { body } = await make(admin.as);
    const authorization = `Bearer ${body.key}`;
    await eventually(async () =>
      expect(await reasonOf(users.getUser({ userId: admin.id }, { authorization }))).toBe('FORBIDDEN'),
    );
  });
});
