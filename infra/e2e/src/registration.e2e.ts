import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from './conventions.js';
import { expecting, get, post } from './gateway.js';
import type { Registration, SignedIn, User } from './wire.js';
import { logIn, newEmail, newPassword, openTenant, type Person, register, type Tenant } from './world.js';

const NEVER_GIVEN = 'ddr_bm90LW9uZS1vZi1vdXJzLWJ1dC1vZi1yaWdodC1sZW5ndGg';

let tenant: Tenant;
let ada: Person;

beforeAll(async () => {
  tenant = await openTenant('registration');
  ada = await register(tenant, { displayName: 'Ada' });
});

const attempt = (json: unknown) => post<Registration>('/v1/auth/register', { host: tenant.host, json });
const valid = () => ({ email: newEmail(), password: newPassword(), displayName: 'Somebody' });

describe('registering', () => {
  it('answers with the user, the referral and tokens', async () => {
    const body = valid();
    const answer = await attempt(body);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      user: {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/),
        email: body.email,
        displayName: 'Somebody',
      },
      referral: { applied: false },
      tokens: { tokenType: 'Bearer', expiresIn: 900 },
    });
    expect(Math.abs(Date.parse(answer.body.user.createdAt) - Date.now())).toBeLessThan(60_000);
    expect(answer.text).not.toContain(body.password);
  });

  it('gives a token that is at once good in every service', async () => {
    const services = [
      '/v1/users/me',
      '/v1/referrals/me',
      '/v1/balances/me',
      '/v1/templates',
      '/ai/v1/models',
      '/v1/commissions',
    ];
    for (const path of services) expect([path, (await get(path, { as: ada.token })).status]).toEqual([path, 200]);
  });

  it('takes an e-mail address once, however it is written', async () => {
    const [name = '', domain = ''] = ada.email.split('@');
    const written = `  ${name.toUpperCase()}@${domain.toUpperCase()} `;
    const answer = await attempt({ ...valid(), email: written });
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'EMAIL_TAKEN' }]);
  });

  it('takes an e-mail address once in the whole installation', async () => {
    const answer = await post('/v1/auth/register', { json: { ...valid(), email: ada.email } });
    expect([answer.status, answer.body]).toMatchObject([409, { code: 'EMAIL_TAKEN' }]);
  });

  it('makes one user of five registrations of one address at once', async () => {
    const body = valid();
    const statuses = (await Promise.all([1, 2, 3, 4, 5].map(() => attempt(body)))).map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409]);
  });

  it.each<[string, object, string]>([
    ['no e-mail address', { email: 'somebody' }, 'email'],
    ['a password of 11 characters', { password: 'a'.repeat(11) }, 'password'],
    ['a password of 257 characters', { password: 'a'.repeat(257) }, 'password'],
    ['an empty name', { displayName: '' }, 'displayName'],
    ['a name of 101 characters', { displayName: 'a'.repeat(101) }, 'displayName'],
    ['a referral code of 201 characters', { referralCode: 'a'.repeat(201) }, 'referralCode'],
    ['a field that nobody knows', { tenantId: '00000000-0000-7000-8000-000000000000' }, 'tenantId'],
  ])('is refused for %s, which the problem names', async (_what, wrong, path) => {
    const { status, body } = await attempt({ ...valid(), ...wrong });
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
    expect((body as unknown as Problem).errors?.map((error) => error.path)).toEqual([path]);
  });

  it('takes passwords of 12 and of 256 characters, and names of 100', async () => {
    expect((await attempt({ ...valid(), password: 'a'.repeat(12) })).status).toBe(201);
    expect((await attempt({ ...valid(), password: 'ä'.repeat(256), displayName: 'n'.repeat(100) })).status).toBe(201);
  });

  it('names everything that is wrong at once', async () => {
    const { body } = await attempt({ email: 'nobody', password: 'short', displayName: '' });
    expect((body as unknown as Problem).errors?.map(({ path }) => path).toSorted()).toEqual([
      'displayName',
      'email',
      'password',
    ]);
  });
});

describe('logging in', () => {
  it('answers with the user and tokens, however the address is written', async () => {
    const { user, tokens } = await logIn({ email: ` ${ada.email.toUpperCase()}`, password: ada.password }, tenant.host);
    expect(user).toMatchObject({ id: ada.id, email: ada.email, displayName: 'Ada' });
    const me = expecting(200, await get<User>('/v1/users/me', { as: tokens.accessToken }));
    expect(me).toEqual({ ...user, roles: ['partner'] });
  });

  it('tells a wrong password and an unknown address alike', async () => {
    const attempts = [
      { email: ada.email, password: newPassword() },
      { email: newEmail(), password: ada.password },
    ];
    const answers = await Promise.all(
      attempts.map((json) => post<Problem>('/v1/auth/login', { host: tenant.host, json })),
    );
    for (const { status, body } of answers) expect([status, body.code]).toEqual([401, 'CREDENTIALS_INVALID']);
    const [one, other] = answers.map(({ body: { traceId: _traceId, ...problem } }) => problem);
    expect(one).toEqual(other);
  });

  it.each<[string, object]>([
    ['no password', { email: 'somebody@example.com' }],
    ['a number for a password', { email: 'somebody@example.com', password: 123_456_789_012 }],
    ['a field that nobody knows', { email: 'somebody@example.com', password: newPassword(), remember: true }],
  ])('is refused with %s', async (_what, json) => {
    expect((await post('/v1/auth/login', { json })).status).toBe(400);
  });
});

describe('refreshing', () => {
  const refresh = (refreshToken: string) => post<SignedIn>('/v1/auth/refresh', { json: { refreshToken } });

  it('gives new tokens for the same person', async () => {
    const { tokens } = await logIn(ada, tenant.host);
    const renewed = expecting(200, await refresh(tokens.refreshToken)).tokens;
    expect(renewed).toMatchObject({ tokenType: 'Bearer', expiresIn: 900 });
    expect(renewed.refreshToken).not.toBe(tokens.refreshToken);
    expect(expecting(200, await get('/v1/users/me', { as: renewed.accessToken })).id).toBe(ada.id);
    expect((await refresh(renewed.refreshToken)).status).toBe(200);
  });

  it('gives every racing use the same successor, and keeps the session', async () => {
    const { tokens } = await logIn(ada, tenant.host);
    const answers = await Promise.all([1, 2, 3, 4].map(() => refresh(tokens.refreshToken)));
    const successors = answers.map((answer) => expecting(200, answer).tokens.refreshToken);
    expect(new Set(successors).size).toBe(1);
    expect(successors[0]).not.toBe(tokens.refreshToken);
    expect((await refresh(successors[0] ?? '')).status).toBe(200);
  });

  it('is refused for a token that was never given', async () => {
    const { status, body } = await post('/v1/auth/refresh', { json: { refreshToken: NEVER_GIVEN } });
    expect([status, body]).toMatchObject([401, { code: 'REFRESH_TOKEN_INVALID' }]);
  });

  it('is refused without a token', async () => {
    expect((await post('/v1/auth/refresh', { json: {} })).status).toBe(400);
  });
});

describe('logging out', () => {
  it('ends the session: its refresh token is good for nothing', async () => {
    const { tokens } = await logIn(ada, tenant.host);
    const { refreshToken } = tokens;
    const answer = await post('/v1/auth/logout', { json: { refreshToken } });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await post('/v1/auth/refresh', { json: { refreshToken } })).status).toBe(401);
    expect((await get('/v1/users/me', { as: ada.token })).status).toBe(200);
  });

  it('says nothing about a token that nobody knows', async () => {
    expect((await post('/v1/auth/logout', { json: { refreshToken: NEVER_GIVEN } })).status).toBe(204);
  });
});
