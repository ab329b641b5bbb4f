import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from './conventions.js';
import { del, expecting, get, post, put, succeeding } from './gateway.js';
import { mailsTo, nextMailTo } from './mails.js';
import { ACCESS_CHANGES_WITHIN_MS, soon } from './waiting.js';
import type { Page, SignedIn } from './wire.js';
import { logIn, newEmail, newPassword, openTenant, type Person, register, type Tenant, withRoles } from './world.js';

let tenant: Tenant;
let ben: Person;

beforeAll(async () => {
  tenant = await openTenant('users');
  ben = await register(tenant);
});

const refreshStatus = async (refreshToken: string) =>
  (await post('/v1/auth/refresh', { json: { refreshToken } })).status;

describe('sessions', () => {
  it('are listed to their person, who may end them all', async () => {
    const [laptop, phone] = [await logIn(ben, tenant.host), await logIn(ben, tenant.host)];
    const listed = expecting(
      200,
      await get<Page<{ id: string }>>('/v1/users/me/sessions', { as: phone.tokens.accessToken }),
    );
    expect(listed.items.length).toBe(3);
    succeeding(await del('/v1/users/me/sessions', { as: phone.tokens.accessToken }));
    expect(await refreshStatus(laptop.tokens.refreshToken)).toBe(401);
    expect(await refreshStatus(ben.tokens.refreshToken)).toBe(401);
    ben = { ...ben, ...(await freshTokens()) };
  });

  const freshTokens = async () => {
    const { tokens } = await logIn(ben, tenant.host);
    return { token: tokens.accessToken, tokens };
  };

  it('end when a refresh token is used again long after it was replaced: somebody else has a copy', async () => {
    const { tokens } = await logIn(ben, tenant.host);
    const renewed = expecting(
      200,
      await post<SignedIn>('/v1/auth/refresh', { json: { refreshToken: tokens.refreshToken } }),
    ).tokens;
    // Within seconds a second use is an honest race; the reuse is felt once that time is over.
    await soon(async () => expect(await refreshStatus(tokens.refreshToken)).toBe(401), 30_000);
    expect(await refreshStatus(renewed.refreshToken)).toBe(401);
  });
});

describe('roles', () => {
  it('come with the next token, and go with it', async () => {
    const treasurer = await withRoles(tenant, await register(tenant), 'finance');
    const me = expecting(200, await get('/v1/users/me', { as: treasurer.token }));
    expect(me.roles).toEqual(['finance', 'partner']);
    expect((await get('/v1/ledger/trial-balance', { as: treasurer.token })).status).toBe(200);
    const former = await withRoles(tenant, treasurer);
    expect(expecting(200, await get('/v1/users/me', { as: former.token })).roles).toEqual(['partner']);
    expect((await get('/v1/ledger/trial-balance', { as: former.token })).status).toBe(403);
  });

  it('above the own rank cannot be given', async () => {
    const admin = await withRoles(tenant, await register(tenant), 'admin');
    const answer = await put(`/v1/users/${ben.id}/roles`, { as: admin.token, json: { roles: ['owner'] } });
    expect(answer.status).toBe(403);
    expect((await post(`/v1/users/${tenant.owner.id}/suspend`, { as: admin.token })).status).toBe(403);
  });

  it.each<[string, unknown]>([
    ['an unknown role', { roles: ['emperor'] }],
    ['no list', { roles: 'admin' }],
    ['a field that nobody knows', { roles: [], until: 'tomorrow' }],
  ])('are refused with %s', async (_what, json) => {
    expect((await put(`/v1/users/${ben.id}/roles`, { as: tenant.owner.token, json })).status).toBe(400);
  });

  it('of somebody unknown are not found', async () => {
    const path = '/v1/users/0197a000-0000-7000-8000-000000000000/roles';
    expect((await put(path, { as: tenant.owner.token, json: { roles: [] } })).status).toBe(404);
  });
});

describe('a suspended person', () => {
  it('is refused by every service within ten seconds, and comes back when reactivated', async () => {
    const person = await register(tenant);
    const paths = ['/v1/users/me', '/v1/referrals/me', '/v1/balances/me', '/v1/templates', '/ai/v1/models'];
    const answers = (token: string) => Promise.all(paths.map((path) => get(path, { as: token })));
    for (const answer of await answers(person.token)) expect([answer.call, answer.status]).toEqual([answer.call, 200]);

    succeeding(await post(`/v1/users/${person.id}/suspend`, { as: tenant.owner.token }));
    await soon(async () => {
      for (const answer of await answers(person.token))
        expect([answer.call, answer.status]).toEqual([answer.call, 403]);
    }, ACCESS_CHANGES_WITHIN_MS);
    const { status, body } = await get<Problem>('/v1/referrals/me', { as: person.token });
    expect([status, body.code]).toEqual([403, 'ACCOUNT_SUSPENDED']);
    const { email, password } = person;
    expect((await post('/v1/auth/login', { host: tenant.host, json: { email, password } })).status).toBe(403);
    expect([401, 403]).toContain(await refreshStatus(person.tokens.refreshToken));

    succeeding(await post(`/v1/users/${person.id}/reactivate`, { as: tenant.owner.token }));
    const { tokens } = await logIn(person, tenant.host);
    await soon(async () => {
      for (const answer of await answers(tokens.accessToken))
        expect([answer.call, answer.status]).toEqual([answer.call, 200]);
    }, ACCESS_CHANGES_WITHIN_MS);
  });
});

describe('a forgotten password', () => {
  const ask = (email: string) => post('/v1/auth/password-reset', { host: tenant.host, json: { email } });

  it('is replaced by the code of a mail, once, and ends every session', async () => {
    const person = await register(tenant);
    const seen = [await nextMailTo(person.email)];
    const asked = await ask(person.email);
    expect(asked.status).toBe(202);
    const { code } = await nextMailTo(person.email, seen);
    expect(asked.text).not.toContain(code);

    const password = newPassword();
    const confirm = (json: object) => post('/v1/auth/password-reset/confirm', { host: tenant.host, json });
    expect((await confirm({ token: code, password: 'short' })).status).toBe(400);
    expect((await confirm({ token: code, password })).status).toBe(202);
    const { email } = person;
    expect((await logIn({ email, password }, tenant.host)).user.id).toBe(person.id);
    const old = await post('/v1/auth/login', { host: tenant.host, json: { email, password: person.password } });
    expect(old.status).toBe(401);
    expect(await refreshStatus(person.tokens.refreshToken)).toBe(401);

    const stolen = newPassword();
    await confirm({ token: code, password: stolen });
    expect((await post('/v1/auth/login', { host: tenant.host, json: { email, password: stolen } })).status).toBe(401);
  });

  it('of an address that nobody has gets the same answer, and no mail', async () => {
    const [nobody, known] = [newEmail(), await register(tenant)];
    const seen = [await nextMailTo(known.email)];
    const answers = [await ask(nobody), await ask(known.email)];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    expect(answers[0]?.text).toBe(answers[1]?.text);
    // The mail of the second request has gone out, so that of the first would have, too.
    await nextMailTo(known.email, seen);
    expect(await mailsTo(nobody)).toEqual([]);
  });
});

describe('an e-mail address', () => {
  it('is confirmed by the code of the mail that follows a registration', async () => {
    const person = await register(tenant);
    const { code } = await nextMailTo(person.email);
    expect((await post('/v1/auth/verify-email', { host: tenant.host, json: { token: code } })).status).toBe(202);
    expect((await get('/v1/users/me', { as: person.token })).body).toMatchObject({ emailVerified: true });
  });
});

describe('guessing a password', () => {
  it('is stopped for the account, also for the right password, and the answer says for how long', async () => {
    const { email, password } = await register(tenant);
    const attempt = (guess: string) => post('/v1/auth/login', { json: { email, password: guess } });
    let refused = await attempt(newPassword());
    for (let guesses = 1; refused.status === 401 && guesses < 30; guesses += 1) refused = await attempt(newPassword());
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await attempt(password)).status).toBe(429);
  });
});
