import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { eventually } from '@dailydoco/testing';
import { claimsOf, type Identity, type Someone, startIdentity } from './identity.js';

let identity: Identity;
let root: Someone;
let admin: Someone;

beforeAll(async () => {
  identity = await startIdentity();
  root = await identity.admin();
  admin = await identity.personWith(['admin']);
});
afterAll(() => identity.stop());

const outcome = async (work: ReturnType<Identity['call']>) => {
  const { status, body } = await work;
  return status < 300 ? status : [status, body.code];
};
const setRoles = (actor: Pick<Someone, 'as'>, id: string, roles: unknown) =>
  identity.call('PUT', `/v1/users/${id}/roles`, { as: actor.as, body: { roles } });
const change = (actor: Pick<Someone, 'as'>, id: string, what: 'suspend' | 'reactivate') =>
  identity.post(`/v1/users/${id}/${what}`, undefined, { as: actor.as });
const me = (as: string) => outcome(identity.call('GET', '/v1/users/me', { as }));

describe('Roles', () => {
  it('are set as a whole, told once, audited, and in the tokens from the next refresh on', async () => {
    const person = await identity.register();
    const { status, body } = await setRoles(admin, person.id, ['support', 'finance', 'partner', 'finance']);
    expect([status, body.roles]).toEqual([200, ['finance', 'support', 'partner']]);
    expect(await outcome(setRoles(admin, person.id, ['finance', 'support']))).toBe(200);
    const { body: next } = await identity.post('/v1/auth/refresh', { refreshToken: person.refreshToken });
    expect(claimsOf(next.tokens.accessToken)['roles']).toEqual(['finance', 'support', 'partner']);
    const told = (await identity.eventsOf(person.id)).filter(({ name }) => name === 'UserRolesChanged');
    expect(told.map(({ payload }) => payload)).toEqual([
      { userId: person.id, roles: ['finance', 'support', 'partner'], changedAt: identity.clock.now() },
    ]);
    expect(await identity.auditOf(person.id)).toEqual(['user_registered', 'roles_changed']);
    expect((await setRoles(admin, person.id, [])).body.roles).toEqual(['partner']);
  });

  it('are given and taken up to the own rank only', async () => {
    const [owner, equal, person] = [
      await identity.personWith(['owner']),
      await identity.personWith(['admin']),
      await identity.register(),
    ];
    const forbidden = [403, 'FORBIDDEN'];
    expect(await outcome(setRoles(admin, person.id, ['owner']))).toEqual(forbidden);
    expect(await outcome(setRoles(admin, admin.id, ['owner']))).toEqual(forbidden);
    expect(await outcome(setRoles(admin, owner.id, []))).toEqual(forbidden);
    expect(await outcome(change(admin, owner.id, 'suspend'))).toEqual(forbidden);
    expect(await outcome(setRoles(admin, equal.id, ['support']))).toBe(200);
    expect(await outcome(setRoles(owner, person.id, ['owner']))).toBe(200);
  });

  it.each([[['finance']], [['support']], [['finance', 'support']], [[]]])('%p may change nobody', async (roles) => {
    const [person, actor] = [await identity.register(), await identity.personWith(roles)];
    expect(await outcome(setRoles(actor, person.id, []))).toEqual([403, 'FORBIDDEN']);
    expect(await outcome(change(actor, person.id, 'suspend'))).toEqual([403, 'FORBIDDEN']);
    expect(await outcome(change(actor, person.id, 'reactivate'))).toEqual([403, 'FORBIDDEN']);
  });

  it('count as they are in the database, not as an old token says', async () => {
    const [former, person] = [await identity.personWith(['admin']), await identity.register()];
    await setRoles(root, former.id, []);
    expect(claimsOf(former.as)['roles']).toContain('admin');
    expect(await outcome(setRoles(former, person.id, ['finance']))).toEqual([403, 'FORBIDDEN']);
    expect(await outcome(change(former, person.id, 'suspend'))).toEqual([403, 'FORBIDDEN']);
  });

  it.each<[string, unknown]>([
    ['an unknown role', { roles: ['god'] }],
    ['one role that is no list', { roles: 'admin' }],
    ['no roles', {}],
    ['a list that is too long', { roles: Array.from({ length: 11 }, () => 'support') }],
    ['a field that nobody knows', { roles: [], status: 'active' }],
  ])('refuse %s', async (_, body) => {
    const call = identity.call('PUT', `/v1/users/${newId()}/roles`, { as: admin.as, body });
    expect(await outcome(call)).toEqual([400, 'VALIDATION_FAILED']);
  });

  it.each([
    ['PUT', 'roles', { roles: [] }],
    ['POST', 'suspend', undefined],
    ['POST', 'reactivate', undefined],
  ])('%s …/%s knows who is asked about, and by whom', async (method, what, body) => {
    const call = (id: string, as?: string) => outcome(identity.call(method, `/v1/users/${id}/${what}`, { as, body }));
    expect(await call(newId(), admin.as)).toEqual([404, 'USER_UNKNOWN']);
    expect(await call('x', admin.as)).toEqual([400, 'VALIDATION_FAILED']);
    expect(await call(newId())).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('A tenant’s last owner', () => {
  it('stays one, and active', async () => {
    const { owner } = await identity.openTenant();
    const conflict = [409, 'CONFLICT'];
    expect(await outcome(setRoles(owner, owner.id, ['admin']))).toEqual(conflict);
    expect(await outcome(change(owner, owner.id, 'suspend'))).toEqual(conflict);
    expect(await me(owner.as)).toBe(200);
  });

  it('stays one although two owners dethrone each other in the same moment', async () => {
    const { owner, host } = await identity.openTenant();
    const registered = await identity.register({ host });
    await setRoles(owner, registered.id, ['owner']);
    const second = await identity.logIn(registered);
    const race = await inDatabaseTransaction(identity.pool, async (tx) => {
      await tx.query('SELECT 1 FROM user_account WHERE tenant_id = $1 FOR UPDATE', [owner.tenantId]);
      const calls = [setRoles(owner, second.id, []), setRoles(second, owner.id, [])];
      await identity.waitingForLocks(2);
      return { calls };
    });
    const statuses = (await Promise.all(race.calls)).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409]);
    const { rows } = await identity.pool.query(
      `SELECT 1 FROM user_account WHERE tenant_id = $1 AND 'owner' = ANY (roles)`,
      [owner.tenantId],
    );
    expect(rows).toHaveLength(1);
  });
});

describe('A suspension', () => {
  it('ends sessions and access at once, is told once, and a reactivation gives access back to new sessions only', async () => {
    const person = await identity.register();
    const other = await identity.logIn(person);
    const first = await change(admin, person.id, 'suspend');
    expect([first.status, first.body.status]).toEqual([200, 'suspended']);
    expect(await outcome(change(admin, person.id, 'suspend'))).toBe(200);
    expect(await outcome(identity.post('/v1/auth/refresh', { refreshToken: person.refreshToken }))).toEqual([
      401,
      'REFRESH_TOKEN_INVALID',
    ]);
    const { email, password } = person;
    const logIn = (with_: string) => outcome(identity.post('/v1/auth/login', { email, password: with_ }));
    expect(await logIn(password)).toEqual([403, 'ACCOUNT_SUSPENDED']);
    expect(await logIn('a wrong password')).toEqual([401, 'CREDENTIALS_INVALID']);
    await eventually(async () => expect(await me(person.as)).toEqual([403, 'ACCOUNT_SUSPENDED']));
    await eventually(async () => expect(await me(other.as)).toEqual([403, 'ACCOUNT_SUSPENDED']));

    identity.clock.advance(1_000);
    const back = await change(admin, person.id, 'reactivate');
    expect([back.status, back.body.status]).toEqual([200, 'active']);
    expect(await outcome(change(admin, person.id, 'reactivate'))).toBe(200);
    const anew = await identity.logIn(person);
    await eventually(async () => expect(await me(anew.as)).toBe(200));
    expect(await me(person.as)).toEqual([401, 'UNAUTHENTICATED']);
    expect(await me(other.as)).toEqual([401, 'UNAUTHENTICATED']);

    expect((await identity.eventsOf(person.id)).map(({ name }) => name)).toEqual([
      'UserRegistered',
      'UserSuspended',
      'UserReactivated',
    ]);
    expect(await identity.auditOf(person.id)).toEqual([
      'user_registered',
      'logged_in',
      'user_suspended',
      'user_reactivated',
      'logged_in',
    ]);
  });

  it('under one Idempotency-Key is answered the same although the person is active again', async () => {
    const person = await identity.register();
    const suspend = (key: string) => identity.post(`/v1/users/${person.id}/suspend`, undefined, { as: admin.as, key });
    const key = newId();
    const first = await suspend(key);
    await change(admin, person.id, 'reactivate');
    const second = await suspend(key);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await outcome(identity.post('/v1/auth/login', person))).toEqual([400, 'VALIDATION_FAILED']);
    expect((await identity.logIn(person)).id).toBe(person.id);
  });
});
