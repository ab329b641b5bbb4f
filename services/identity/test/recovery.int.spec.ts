import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@dailydoco/lifecycle';
import { eventually } from '@dailydoco/testing';
import { type Identity, PASSWORD, startIdentity } from './identity.js';

const HOUR = 3_600_000;
const CONFIRM = 'Please confirm your e-mail address';
const RESET = 'Your new password';
const NEW_PASSWORD = 'a password nobody had';

let identity: Identity;

beforeAll(async () => {
  identity = await startIdentity();
});
afterAll(() => identity.stop());

const outcome = async (work: ReturnType<Identity['call']>) => {
  const { status, body } = await work;
  return status < 300 ? status : [status, body.code];
};
const ask = (email: string) => outcome(identity.post('/v1/auth/password-reset', { email }));
const confirm = (token: string, password = NEW_PASSWORD, key: string | null = null) =>
  identity.post('/v1/auth/password-reset/confirm', { token, password }, { key });
const verify = (body: object) => outcome(identity.post('/v1/auth/verify-email', body));
const logIn = (email: string, password: string) => outcome(identity.post('/v1/auth/login', { email, password }));
const INVALID = [400, 'VALIDATION_FAILED'];

async function queued(): Promise<{ attempts: number; last_error: string | null }[]> {
  return (await identity.pool.query<{ attempts: number; last_error: string | null }>('SELECT * FROM mail')).rows;
}

describe('Confirming an address', () => {
  it('works with the code of the mail, once', async () => {
    const person = await identity.register();
    const [code] = await identity.codesOf(person.email, CONFIRM);
    expect(await verify({ token: code })).toBe(202);
    const { body } = await identity.call('GET', '/v1/users/me', { as: person.as });
    expect(body.emailVerified).toBe(true);
    expect(await verify({ token: code })).toEqual(INVALID);
    expect(await identity.auditOf(person.id)).toEqual(['user_registered', 'email_verified']);
    // Who is confirmed gets no further mail.
    expect(await verify({ email: person.email })).toBe(202);
    expect(await queued()).toEqual([]);
    await identity.codesOf(person.email, CONFIRM, 1);
  });

  it('can be asked for again, and a code is good for 48 hours', async () => {
    const person = await identity.register();
    const [first] = await identity.codesOf(person.email, CONFIRM);
    identity.clock.advance(48 * HOUR);
    expect(await verify({ token: first })).toEqual(INVALID);
    expect(await verify({ email: person.email.toUpperCase() })).toBe(202);
    const codes = await identity.codesOf(person.email, CONFIRM, 2);
    identity.clock.advance(48 * HOUR - 1);
    expect(await verify({ token: codes[1] })).toBe(202);
  });

  it.each<[string, unknown]>([
    ['a code that nobody knows', { token: 'x'.repeat(32) }],
    ['nothing', {}],
    ['an empty code', { token: '' }],
    ['a code and an address', { token: 'x', email: 'a@people.example' }],
    ['no address', { email: 'a' }],
    ['a field that nobody knows', { token: 'x', userId: newId() }],
  ])('refuses %s', async (_, body) => {
    expect(await outcome(identity.post('/v1/auth/verify-email', body))).toEqual(INVALID);
  });
});

describe('A new password', () => {
  it('is set with the code of the mail, which ends every session and confirms the address', async () => {
    const person = await identity.register();
    const other = await identity.logIn(person);
    expect(await ask(` ${person.email.toUpperCase()} `)).toBe(202);
    const [code] = await identity.codesOf(person.email, RESET);
    expect((await confirm(code!)).status).toBe(202);
    expect(await logIn(person.email, PASSWORD)).toEqual([401, 'CREDENTIALS_INVALID']);
    for (const { refreshToken, as } of [person, other]) {
      const again = identity.post('/v1/auth/refresh', { refreshToken });
      expect(await outcome(again)).toEqual([401, 'REFRESH_TOKEN_INVALID']);
      await eventually(async () =>
        expect(await outcome(identity.call('GET', '/v1/users/me', { as }))).toEqual([401, 'UNAUTHENTICATED']),
      );
    }
    const anew = await identity.logIn({ email: person.email, password: NEW_PASSWORD });
    expect((await identity.call('GET', '/v1/users/me', { as: anew.as })).body.emailVerified).toBe(true);
    expect(await identity.auditOf(person.id)).toEqual([
      'user_registered',
      'logged_in',
      'password_reset_asked',
      'password_reset',
      'logged_in',
    ]);
  });

  it('uses up every code that was sent for it', async () => {
    const { email } = await identity.register();
    await ask(email);
    await ask(email);
    const [first, second] = await identity.codesOf(email, RESET, 2);
    expect((await confirm(second!)).status).toBe(202);
    for (const code of [first!, second!])
      expect(await outcome(confirm(code, 'the password of a thief'))).toEqual(INVALID);
    expect(await logIn(email, NEW_PASSWORD)).toBe(200);
  });

  it('of parallel tries with one code is set by one', async () => {
    const { email } = await identity.register();
    await ask(email);
    const [code] = await identity.codesOf(email, RESET);
    const tries = ['first of the passwords', 'second of the passwords', 'third of the passwords'];
    const answers = await Promise.all(tries.map(async (password) => (await confirm(code!, password)).status));
    expect(answers.toSorted((a, b) => a - b)).toEqual([202, 400, 400]);
    expect(await logIn(email, tries[answers.indexOf(202)]!)).toBe(200);
  });

  it('that is too short leaves the code good; a code is good for one hour, and for nothing else', async () => {
    const { email } = await identity.register();
    const [confirmation] = await identity.codesOf(email, CONFIRM);
    await ask(email);
    const [code] = await identity.codesOf(email, RESET);
    expect(await outcome(confirm(code!, 'too short'))).toEqual(INVALID);
    expect(await outcome(confirm(confirmation!))).toEqual(INVALID);
    expect(await verify({ token: code })).toEqual(INVALID);
    identity.clock.advance(HOUR - 1);
    expect((await confirm(code!)).status).toBe(202);
    await ask(email);
    const codes = await identity.codesOf(email, RESET, 2);
    identity.clock.advance(HOUR);
    expect(await outcome(confirm(codes[1]!))).toEqual(INVALID);
  });

  it('under one Idempotency-Key is accepted again, as the answer may have been lost', async () => {
    const { email } = await identity.register();
    await ask(email);
    const [code] = await identity.codesOf(email, RESET);
    const key = newId();
    expect((await confirm(code!, NEW_PASSWORD, key)).status).toBe(202);
    const again = await confirm(code!, NEW_PASSWORD, key);
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([202, '', 'true']);
    expect((await confirm(code!, 'another password', key)).status).toBe(422);
  });

  it('is answered alike for an unknown address and a suspended person, who get no mail', async () => {
    const [suspended, { as }] = [await identity.register(), await identity.admin()];
    await identity.codesOf(suspended.email, CONFIRM);
    await identity.post(`/v1/users/${suspended.id}/suspend`, undefined, { as });
    const unknown = `${newId()}@people.example`;
    for (const email of [unknown, suspended.email]) {
      const { status, text } = await identity.post('/v1/auth/password-reset', { email });
      expect([status, text]).toEqual([202, '']);
    }
    await identity.codesOf(suspended.email, RESET, 0);
    const { rows } = await identity.pool.query('SELECT 1 FROM mail WHERE user_id = $1', [suspended.id]);
    expect(rows).toEqual([]);
  });

  it('is not asked for more often than sign-ins may fail: nobody’s mailbox is filled', async () => {
    for (const email of [(await identity.register()).email, `${newId()}@people.example`]) {
      for (let n = 0; n < 10; n += 1) expect(await ask(email)).toBe(202);
      const { status, body, headers } = await identity.post('/v1/auth/password-reset', { email });
      expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      // Signing in is another count.
      expect(await logIn(email, 'a wrong password')).toEqual([401, 'CREDENTIALS_INVALID']);
    }
  });

  it.each<[string, string, unknown]>([
    ['an address that is none', 'password-reset', { email: 'a' }],
    ['no address', 'password-reset', {}],
    ['a field that nobody knows', 'password-reset', { email: 'a@people.example', link: 'https://evil.example' }],
    ['a code that nobody knows', 'password-reset/confirm', { token: 'x', password: NEW_PASSWORD }],
    ['an endless code', 'password-reset/confirm', { token: 'x'.repeat(201), password: NEW_PASSWORD }],
    ['no password', 'password-reset/confirm', { token: 'x' }],
    ['an endless password', 'password-reset/confirm', { token: 'x', password: 'x'.repeat(257) }],
    ['another’s id', 'password-reset/confirm', { token: 'x', password: NEW_PASSWORD, userId: newId() }],
  ])('refuses %s', async (_, path, body) => {
    expect(await outcome(identity.post(`/v1/auth/${path}`, body))).toEqual(INVALID);
  });
});

/** A mail server of a few lines that refuses mails until it is told to take them. */
async function startMailServer() {
  const seen = { taken: [] as string[], refused: 0, refusing: true };
  const server = createServer((socket) => {
    let text: string | undefined;
    let rest = '';
    const say = (line: string) => socket.write(`${line}\r\n`);
    const hear = (line: string): void => {
      if (text !== undefined) {
        if (line !== '.') text += `${line}\n`;
        else {
          seen.taken.push(text);
          text = undefined;
          say('250 taken');
        }
      } else if (/^MAIL/i.test(line) && seen.refusing) {
        seen.refused += 1;
        say('451 not now');
      } else if (/^DATA/i.test(line)) {
        text = '';
        say('354 go on');
      } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
      else say('250 ok');
    };
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      const lines = `${rest}${bytes.toString()}`.split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(line);
    });
    say('220 here');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { seen, port: (server.address() as AddressInfo).port, close: () => server.close() };
}

describe('A mail that the server does not take', () => {
  it('stays, and is sent when the server takes it', async () => {
    const { seen, port, close } = await startMailServer();
    const smtp = await startIdentity({ env: { MAIL_URL: `smtp://127.0.0.1:${port}` } });
    const waiting = async () =>
      (await smtp.pool.query<{ attempts: number; last_error: string | null }>('SELECT * FROM mail')).rows;
    try {
      // The first owner's own mail is the first in the queue.
      await eventually(async () =>
        expect(await waiting()).toEqual([
          expect.objectContaining({ attempts: 1, last_error: expect.stringContaining('451') }),
        ]),
      );
      expect(seen.refused).toBe(1);
      smtp.clock.advance(60_000);
      await eventually(async () => expect(await waiting()).toEqual([expect.objectContaining({ attempts: 2 })]));
      seen.refusing = false;
      smtp.clock.advance(120_000);
      await eventually(async () => expect(await waiting()).toEqual([]));
      expect(seen.taken).toHaveLength(1);
      expect(seen.taken[0]).toContain(CONFIRM);
      expect(seen.taken[0]).toMatch(/^From: DailyDoco <no-reply@installation.example>$/m);
    } finally {
      await smtp.stop();
      close();
    }
  });
});
