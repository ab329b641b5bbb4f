import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import type { AskReferral } from '../src/users/registration.js';
import { claimsOf, type Identity, PASSWORD, startIdentity, startReplica } from './identity.js';

let identity: Identity;
/** A replica whose viral-engine answers what the spec says. */
let asking: Identity;
let answer: Awaited<ReturnType<AskReferral>>;
const asked: Parameters<AskReferral>[0][] = [];

beforeAll(async () => {
  identity = await startIdentity();
  asking = await startReplica(identity, {
    askReferral: (question) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  });
});

afterAll(async () => {
  await asking.stop();
  await identity.stop();
});

const person = (other: object = {}) => ({
  email: `${newId()}@people.example`,
  password: PASSWORD,
  displayName: 'Ada Lovelace',
  ...other,
});

describe('Registration', () => {
  it('makes a partner who is signed in, and tells it once', async () => {
    const given = person({ email: `  ${newId().toUpperCase()}@People.Example ` });
    const { status, body } = await identity.post('/v1/auth/register', given);
    expect(status).toBe(201);
    expect(body).toEqual({
      user: {
        id: expect.any(String),
        email: given.email.trim().toLowerCase(),
        displayName: 'Ada Lovelace',
        roles: ['partner'],
        status: 'active',
        emailVerified: false,
        createdAt: identity.clock.now().toISOString(),
      },
      referral: { applied: false },
      tokens: {
        accessToken: expect.any(String),
        refreshToken: expect.stringMatching(/^ddr_[\w-]{43}$/),
        tokenType: 'Bearer',
        expiresIn: 900,
      },
    });
    const claims = claimsOf(body.tokens.accessToken);
    expect(claims).toMatchObject({ sub: body.user.id, roles: ['partner'], aud: 'dailydoco' });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(900);
    const me = await identity.call('GET', '/v1/users/me', { as: `Bearer ${body.tokens.accessToken}` });
    expect(me.body).toEqual(body.user);
    expect(await identity.eventsOf(body.user.id)).toEqual([
      {
        name: 'UserRegistered',
        tenantId: claims['tid'],
        key: body.user.id,
        payload: {
          userId: body.user.id,
          referralCode: '',
          visitorId: '',
          registeredAt: identity.clock.now(),
          fingerprints: {
            email: expect.objectContaining({ length: 16 }),
            emailDisposable: false,
            address: expect.objectContaining({ length: 16 }),
            agent: expect.objectContaining({ length: 16 }),
            device: expect.objectContaining({ length: 0 }),
          },
        },
      },
    ]);
    expect(await identity.auditOf(body.user.id)).toEqual(['user_registered']);
  });

  it('tells of aliases of one mailbox, of one device and of one place that they are the same, and not what they are', async () => {
    const mailbox = newId();
    const told = async (body: object, headers: Record<string, string> = {}) => {
      const { body: answer } = await identity.post('/v1/auth/register', person(body), { headers });
      const [event] = await identity.eventsOf(answer.user.id);
      const prints = event!.payload['fingerprints'] as Record<string, Uint8Array>;
      return (field: string) => Buffer.from(prints[field]!).toString('hex');
    };
    const one = await told({ email: `${mailbox}@gmail.com`, deviceId: 'phone' });
    const two = await told({ email: `${mailbox}+2@googlemail.com`, deviceId: 'phone' });
    const other = await told({ deviceId: 'tablet' }, { 'x-forwarded-for': '203.0.113.7', 'user-agent': 'Other' });
    const fields = ['email', 'address', 'agent', 'device'];
    expect(fields.map(two)).toEqual(fields.map(one));
    for (const field of fields) expect([field, other(field)]).not.toEqual([field, one(field)]);
    const thrown = await identity.post('/v1/auth/register', person({ email: `${newId()}@mailinator.com` }));
    expect((await identity.eventsOf(thrown.body.user.id))[0]!.payload).toMatchObject({
      fingerprints: { emailDisposable: true },
    });
  });

  it('gives an address to one of many who want it at once, however they spell it', async () => {
    const email = `${newId()}@people.example`;
    const spelled = [email, email.toUpperCase(), ` ${email}`, `${email} `, email, email];
    const answers = await Promise.all(
      spelled.map((each) => identity.post('/v1/auth/register', person({ email: each }))),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409, 409, 409, 409]);
    expect(new Set(answers.map(({ body }) => body.code))).toEqual(new Set([undefined, 'EMAIL_TAKEN']));
  });

  it('answers the same to the same Idempotency-Key, and makes one user', async () => {
    const [key, body] = [newId(), person()];
    const first = await identity.post('/v1/auth/register', body, { key });
    const second = await identity.post('/v1/auth/register', body, { key });
    expect(second.status).toBe(201);
    expect(second.body).toEqual(first.body);
    expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    const other = await identity.post('/v1/auth/register', { ...body, password: 'another password' }, { key });
    expect([other.status, other.body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await identity.eventsOf(first.body.user.id)).toHaveLength(1);
  });

  const hostile: [string, unknown][] = [
    ['nothing', {}],
    ['no object', []],
    ['text', '"x"'],
    ['no e-mail', person({ email: undefined })],
    ['an e-mail without a domain', person({ email: 'ada' })],
    ['an e-mail that is a number', person({ email: 7 })],
    ['an e-mail with a NUL', person({ email: 'a\u0000@people.example' })],
    ['an e-mail that is too long', person({ email: `${'a'.repeat(250)}@people.example` })],
    ['two e-mails', person({ email: 'a@people.example, b@people.example' })],
    ['a short password', person({ password: 'eleven char' })],
    ['a long password', person({ password: 'x'.repeat(257) })],
    ['an empty name', person({ displayName: '  ' })],
    ['a long name', person({ displayName: 'x'.repeat(101) })],
    ['a name of two lines', person({ displayName: 'a\nBcc: b@people.example' })],
    ['half a character in the name', person({ displayName: '\ud800' })],
    ['a referral code that is too long', person({ referralCode: 'x'.repeat(201) })],
    ['an empty device id', person({ deviceId: '' })],
    ['a device id that is too long', person({ deviceId: 'x'.repeat(201) })],
    ['half a character in the device id', person({ deviceId: 'a\ud800' })],
    ['a referral code with a NUL', person({ referralCode: 'a\u0000b' })],
    ['half a character in the referral code', person({ referralCode: 'a\ud800' })],
    ['a field that nobody knows', person({ roles: ['owner'] })],
    ['a tenant', person({ tenantId: newId() })],
  ];
  it.each(hostile)('refuses %s', async (_, body) => {
    const { status, body: problem } = await identity.post('/v1/auth/register', body);
    expect([status, problem.code]).toEqual([400, expect.stringMatching(/^(VALIDATION_FAILED|MALFORMED_REQUEST)$/)]);
  });
});

describe('A referral', () => {
  const register = (body: object, cookie?: string) =>
    asking.post('/v1/auth/register', person(body), { headers: cookie === undefined ? {} : { cookie } });

  it.each<[boolean | undefined, object]>([
    [true, { applied: true }],
    [false, { applied: false }],
    [undefined, { applied: false, pending: true }],
  ])('that viral-engine calls %p is told as %p, and carried by the event', async (said, referral) => {
    answer = said;
    const visitorId = newId();
    const { status, body } = await register({ referralCode: ' CODE-1 ' }, `dd_visitor=${visitorId}`);
    expect([status, body.referral]).toEqual([201, referral]);
    expect(asked.at(-1)).toMatchObject({ referralCode: 'CODE-1', visitorId });
    const [told] = await asking.eventsOf(body.user.id);
    expect(told?.payload).toMatchObject({ referralCode: 'CODE-1', visitorId });
  });

  it('by a click id is asked about and carried as it was given, whatever it is', async () => {
    for (const [clickId, said] of [
      ['a-signed-one', true],
      ['<forged>', false],
    ] as const) {
      answer = said;
      const { status, body } = await register({ clickId: ` ${clickId} ` }, '');
      expect([status, body.referral]).toEqual([201, { applied: said }]);
      expect(asked.at(-1)).toMatchObject({ referralCode: undefined, visitorId: undefined, clickId });
      expect((await asking.eventsOf(body.user.id))[0]?.payload).toMatchObject({ clickId });
      const { rows } = await asking.pool.query('SELECT click_id FROM user_account WHERE id = $1', [body.user.id]);
      expect(rows).toEqual([{ click_id: clickId }]);
    }
    expect((await register({ clickId: 'x'.repeat(201) }, '')).body.errors[0].path).toBe('clickId');
  });

  it('is not asked for without a code and a visitor that is one', async () => {
    const before = asked.length;
    const { body } = await register({ referralCode: '  ' }, 'dd_visitor=somebody');
    expect(body.referral).toEqual({ applied: false });
    expect(asked).toHaveLength(before);
    expect((await asking.eventsOf(body.user.id))[0]?.payload).toMatchObject({ referralCode: '', visitorId: '' });
  });

  it('is pending while nobody answers at viral-engine’s address, which holds up nobody', async () => {
    const startedAt = performance.now();
    const { status, body } = await identity.post('/v1/auth/register', person({ referralCode: 'CODE-2' }));
    expect([status, body.referral]).toEqual([201, { applied: false, pending: true }]);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
  });
});

describe('What the database holds of a person', () => {
  it('is nothing that could be read: no address, name, password, token or key in clear, in no table', async () => {
    const secrets = person({ displayName: 'Grace Brewster Hopper' });
    const registered = await identity.post('/v1/auth/register', secrets);
    const signedIn = await identity.post('/v1/auth/login', { email: secrets.email, password: secrets.password });
    const { refreshToken } = signedIn.body.tokens;
    const refreshed = await identity.post('/v1/auth/refresh', { refreshToken });
    await identity.post('/v1/auth/password-reset', { email: secrets.email });
    const admin = await identity.admin();
    await identity.post(`/v1/users/${registered.body.user.id}/suspend`, undefined, { as: admin.as });
    const made = await identity.post('/v1/api-keys', { name: 'k', scopes: ['purchases:read'] }, { as: admin.as });
    const tokens = [registered, signedIn, refreshed].flatMap(({ body }) => [
      body.tokens.accessToken,
      body.tokens.refreshToken,
    ]);
    const words = [secrets.email, secrets.displayName, secrets.password, made.body.key, ...tokens];
    expect(words.filter((word) => typeof word !== 'string' || word.length < 10)).toEqual([]);
    const found = await searchEverywhere(identity.ground.ownerUrl, words);
    expect(found).toEqual([]);
    // The search does find what is there.
    expect(await searchEverywhere(identity.ground.ownerUrl, [registered.body.user.id])).toContain(
      'public.user_account',
    );
  });
});

/** Tables with one of the words in them, as text or as the bytes of a text. */
async function searchEverywhere(ownerUrl: string, words: readonly string[]): Promise<string[]> {
  const owner = createPool({ connectionString: ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 20_000 });
  try {
    const { rows: tables } = await owner.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
    );
    const found: string[] = [];
    for (const { name } of tables) {
      const { rows } = await owner.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      const hit = rows.some(({ text }) =>
        words.some((word) => text.includes(word) || text.includes(Buffer.from(word).toString('hex'))),
      );
      if (hit) found.push(name);
    }
    return found;
  } finally {
    await owner.end();
  }
}
