import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@dailydoco/lifecycle';
import { type Identity, PASSWORD, type Someone, startIdentity } from './identity.js';

let identity: Identity;
let root: Someone;

beforeAll(async () => {
  identity = await startIdentity();
  root = await identity.admin();
});
afterAll(() => identity.stop());

const outcome = async (work: ReturnType<Identity['call']>) => {
  const { status, body } = await work;
  return status < 300 ? status : [status, body.code];
};
const wish = (other: object = {}) => ({
  name: 'A tenant',
  hosts: [`${newId()}.example`],
  owner: { email: `${newId()}@owners.example`, password: PASSWORD, displayName: 'Its owner' },
  ...other,
});
const open = (body: unknown, as: string | undefined = root.as, key: string = newId()) =>
  identity.post('/v1/tenants', body, as === '' ? { key } : { as, key });
const tenants = async () => (await identity.pool.query('SELECT 1 FROM tenant')).rows.length;

describe('A tenant', () => {
  it('is opened with its hosts and its first owner, and told', async () => {
    const given = wish({ hosts: ['Shop.Tenant-A.Example', 'shop.tenant-a.example.', 'www.tenant-a.example'] });
    const { status, body } = await open(given);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      name: 'A tenant',
      hosts: ['shop.tenant-a.example', 'www.tenant-a.example'],
      owner: { email: given.owner.email, roles: ['owner', 'partner'] },
    });
    expect((await identity.eventsOf(body.id)).map(({ name, payload }) => [name, payload])).toEqual([
      ['TenantCreated', { tenantId: body.id, createdAt: identity.clock.now() }],
    ]);
    expect(await identity.eventsOf(body.owner.id)).toMatchObject([{ name: 'UserRegistered', tenantId: body.id }]);
    expect((await identity.logIn(given.owner)).tenantId).toBe(body.id);
  });

  it('is found by host by whoever registers there; all other hosts are the default tenant’s', async () => {
    const { tenantId, host } = await identity.openTenant();
    expect((await identity.register({ host })).tenantId).toBe(tenantId);
    expect((await identity.register({ host: `${host.toUpperCase()}:8443` })).tenantId).toBe(tenantId);
    for (const other of ['unknown.example', `a.${host}`, '127.0.0.1', '[::1]:80']) {
      expect([other, (await identity.register({ host: other })).tenantId]).toEqual([other, root.tenantId]);
    }
  });

  it('is not opened in part: a host or an address that is taken leaves nothing behind', async () => {
    const { host, owner } = await identity.openTenant();
    const before = await tenants();
    const [free, email] = [`${newId()}.example`, `${newId()}@owners.example`];
    const person = { password: PASSWORD, displayName: 'O' };
    const taken = wish({ hosts: [free, host], owner: { ...person, email } });
    expect(await outcome(open(taken))).toEqual([409, 'HOST_TAKEN']);
    const known = wish({ hosts: [free], owner: { ...person, email: owner.email.toUpperCase() } });
    expect(await outcome(open(known))).toEqual([409, 'EMAIL_TAKEN']);
    expect(await tenants()).toBe(before);
    expect(await outcome(open(wish({ hosts: [free], owner: { ...person, email } })))).toBe(201);
  });

  it('gets a host that many want at once, and the others get nothing', async () => {
    const [one, two] = [`${newId()}.example`, `${newId()}.example`];
    const orders = [
      [one, two],
      [two, one],
      [one, two],
      [two, one],
    ];
    const answers = await Promise.all(orders.map((hosts) => open(wish({ hosts }))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409]);
  });

  it('is opened once under one Idempotency-Key', async () => {
    const [key, body] = [newId(), wish()];
    const [first, second] = [await open(body, root.as, key), await open(body, root.as, key)];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is opened by owners of the installation only', async () => {
    const before = await tenants();
    const { owner } = await identity.openTenant();
    const admin = await identity.personWith(['admin', 'finance', 'support']);
    expect(await outcome(open(wish(), ''))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await outcome(open(wish(), admin.as))).toEqual([403, 'FORBIDDEN']);
    expect(await outcome(open(wish(), owner.as))).toEqual([403, 'FORBIDDEN']);
    expect(await tenants()).toBe(before + 1);
  });

  const owner = { email: 'o@owners.example', password: PASSWORD, displayName: 'O' };
  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no name', wish({ name: undefined })],
    ['an empty name', wish({ name: '' })],
    ['hosts that are no list', wish({ hosts: 'a.example' })],
    ['a host with a path', wish({ hosts: ['a.example/x'] })],
    ['a host that is a URL', wish({ hosts: ['https://a.example'] })],
    ['a host with a wildcard', wish({ hosts: ['*.example'] })],
    ['too many hosts', wish({ hosts: Array.from({ length: 21 }, (_, n) => `h${n}.example`) })],
    ['no owner', wish({ owner: undefined })],
    ['an owner without a password', wish({ owner: { ...owner, password: undefined } })],
    ['an owner with a short password', wish({ owner: { ...owner, password: 'short' } })],
    ['an owner with an address that is none', wish({ owner: { ...owner, email: 'o' } })],
    ['an owner with roles', wish({ owner: { ...owner, roles: ['owner'] } })],
    ['a field that nobody knows', wish({ isDefault: true })],
  ])('is not opened of %s', async (_, body) => {
    expect(await outcome(open(body))).toEqual([400, 'VALIDATION_FAILED']);
  });
});

describe("Another tenant's ids", () => {
  it('answer as unknown at every endpoint, and change nothing', async () => {
    const [mine, theirs] = [await identity.openTenant(), await identity.openTenant()];
    const person = await identity.register({ host: mine.host });
    const made = await identity.post('/v1/api-keys', { name: 'k', scopes: ['purchases:read'] }, { as: mine.owner.as });
    const tries: [string, string, object | undefined][] = [
      ['PUT', `/v1/users/${person.id}/roles`, { roles: ['admin'] }],
      ['POST', `/v1/users/${person.id}/suspend`, undefined],
      ['POST', `/v1/users/${person.id}/reactivate`, undefined],
      ['DELETE', `/v1/users/me/sessions/${person.sessionId}`, undefined],
      ['DELETE', `/v1/api-keys/${made.body.id}`, undefined],
    ];
    // An owner of the installation is a stranger to other tenants too.
    for (const { as } of [theirs.owner, root]) {
      for (const [method, path, body] of tries) {
        const unknown = path.replace(/[0-9a-f-]{36}/, newId());
        const [answer, likeUnknown] = [
          await identity.call(method, path, { as, body }),
          await identity.call(method, unknown, { as, body }),
        ];
        expect([method, path, answer.status]).toEqual([method, path, 404]);
        expect({ ...answer.body, traceId: '' }).toEqual({ ...likeUnknown.body, traceId: '' });
      }
      const keys = await identity.call('GET', '/v1/api-keys', { as });
      expect(keys.body.items).toEqual([]);
    }
    expect((await identity.call('GET', '/v1/users/me', { as: person.as })).body).toMatchObject({
      status: 'active',
      roles: ['partner'],
    });
    const keys = await identity.call('GET', '/v1/api-keys', { as: mine.owner.as });
    expect(keys.body.items).toMatchObject([{ id: made.body.id }]);
  });
});

describe('The OpenAPI document', () => {
  it('describes every path of this service', async () => {
    const { status, body } = await identity.call('GET', '/internal/openapi.json');
    expect(status).toBe(200);
    expect(Object.keys(body.paths).toSorted()).toEqual([
      '/.well-known/jwks.json',
      '/docs',
      '/docs/{file}',
      '/healthz',
      '/openapi.json',
      '/v1/api-keys',
      '/v1/api-keys/{id}',
      '/v1/auth/login',
      '/v1/auth/logout',
      '/v1/auth/password-reset',
      '/v1/auth/password-reset/confirm',
      '/v1/auth/refresh',
      '/v1/auth/register',
      '/v1/auth/verify-email',
      '/v1/tenants',
      '/v1/users/me',
      '/v1/users/me/sessions',
      '/v1/users/me/sessions/{id}',
      '/v1/users/{id}/reactivate',
      '/v1/users/{id}/roles',
      '/v1/users/{id}/suspend',
    ]);
  });
});
