import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { eventually } from '@dailydoco/testing';
import { claimsOf, type Identity, PASSWORD, type Someone, startIdentity } from './identity.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 86_400 * SECOND;

let identity: Identity;
let person: Someone;

beforeAll(async () => {
  identity = await startIdentity();
});
beforeEach(async () => {
  person = await identity.register();
});
afterAll(() => identity.stop());

const refresh = (refreshToken: string) => identity.post('/v1/auth/refresh', { refreshToken });
const codeOf = async (work: ReturnType<Identity['call']>) => {
  const { status, body } = await work;
  return status < 300 ? status : [status, body.code];
};
const me = (as: string) => codeOf(identity.call('GET', '/v1/users/me', { as }));
/** Access tokens end with their session within a reading of the revocations. */
const refusedSoon = (as: string) => eventually(async () => expect(await me(as)).toEqual([401, 'UNAUTHENTICATED']));

async function tokensIn(sessionId: string): Promise<number> {
  const { rows } = await identity.pool.query('SELECT 1 FROM refresh_token WHERE session_id = $1', [sessionId]);
  return rows.length;
}

async function endOf(sessionId: string): Promise<string | null> {
  const { rows } = await identity.pool.query<{ end_reason: string | null }>(
    'SELECT end_reason FROM session WHERE id = $1',
    [sessionId],
  );
  return rows[0]!.end_reason;
}

describe('Signing in', () => {
  it('opens a session of its own each time, by the address however it is spelled', async () => {
    const again = await identity.logIn({ email: ` ${person.email.toUpperCase()}`, password: PASSWORD });
    expect(again.id).toBe(person.id);
    expect(again.sessionId).not.toBe(person.sessionId);
    expect(await identity.auditOf(person.id)).toEqual(['user_registered', 'logged_in']);
  });

  it('tells an unknown address and a wrong password alike, and takes as long over both', async () => {
    const tries = { wrong: person.email, unknown: `${newId()}@people.example` };
    const took = { wrong: Infinity, unknown: Infinity };
    const bodies: Record<string, unknown> = {};
    for (let n = 0; n < 5; n += 1) {
      for (const which of ['wrong', 'unknown'] as const) {
        const startedAt = performance.now();
        const { status, body } = await identity.post('/v1/auth/login', {
          email: tries[which],
          password: 'not this one',
        });
        took[which] = Math.min(took[which], performance.now() - startedAt);
        const { traceId, ...rest } = body;
        expect([status, typeof traceId]).toEqual([401, 'string']);
        bodies[which] = rest;
      }
    }
    expect(bodies['wrong']).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(bodies['unknown']).toEqual(bodies['wrong']);
    expect(took.unknown).toBeGreaterThan(took.wrong / 2);
    expect(took.wrong).toBeGreaterThan(took.unknown / 2);
  });

  it('is refused when the password is reset while it is under way', async () => {
    const under = inDatabaseTransaction(identity.pool, async (tx) => {
      await tx.query('UPDATE user_profile SET password_hash = $2 WHERE user_id = $1', [person.id, 'another']);
      const login = identity.post('/v1/auth/login', { email: person.email, password: PASSWORD });
      await identity.waitingForLocks(1);
      return { login };
    });
    expect(await codeOf((await under).login)).toEqual([401, 'CREDENTIALS_INVALID']);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['no password', { email: 'a@people.example' }],
    ['an empty password', { email: 'a@people.example', password: '' }],
    ['a password that is no text', { email: 'a@people.example', password: 12 }],
    ['an endless password', { email: 'a@people.example', password: 'x'.repeat(257) }],
    ['a field that nobody knows', { email: 'a@people.example', password: 'x', remember: true }],
    ['what is no JSON', '{'],
  ])('refuses %s', async (_, body) => {
    expect((await identity.post('/v1/auth/login', body)).status).toBe(400);
  });
});

describe('A refresh token', () => {
  it('gives the next pair for the same session, with the roles of the moment', async () => {
    const { status, body } = await refresh(person.refreshToken);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['tokens']);
    expect(body.tokens.refreshToken).not.toBe(person.refreshToken);
    expect(claimsOf(body.tokens.accessToken)).toMatchObject({ sub: person.id, sid: person.sessionId });
    expect(await me(`Bearer ${body.tokens.accessToken}`)).toBe(200);
  });

  it('presented by many at the very same moment gives all of them one successor', async () => {
    const many = 8;
    const race = await inDatabaseTransaction(identity.pool, async (tx) => {
      // Nobody passes before all have arrived: they queue up behind the row, which is then let go.
      await tx.query('SELECT 1 FROM refresh_token WHERE session_id = $1 FOR UPDATE', [person.sessionId]);
      const calls = Array.from({ length: many }, () => refresh(person.refreshToken));
      await identity.waitingForLocks(many);
      return { calls };
    });
    const answers = await Promise.all(race.calls);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: many }, () => 200));
    const successors = new Set(answers.map(({ body }) => body.tokens.refreshToken));
    expect(successors.size).toBe(1);
    expect(await tokensIn(person.sessionId)).toBe(2);
    expect(await codeOf(refresh([...successors][0]))).toBe(200);
    expect(await endOf(person.sessionId)).toBeNull();
  });

  it('presented again within ten seconds gives the same successor', async () => {
    const first = await refresh(person.refreshToken);
    identity.clock.advance(10 * SECOND);
    const second = await refresh(person.refreshToken);
    expect(second.body.tokens.refreshToken).toBe(first.body.tokens.refreshToken);
    expect(await tokensIn(person.sessionId)).toBe(2);
  });

  it.each([[undefined], [null]])(
    'presented again later ends the session: nobody can tell who has the copy (Idempotency-Key: %p)',
    async (key) => {
      const { body } = await refresh(person.refreshToken);
      identity.clock.advance(10 * SECOND + 1);
      const late = identity.post(
        '/v1/auth/refresh',
        { refreshToken: person.refreshToken },
        key === null ? { key } : {},
      );
      expect(await codeOf(late)).toEqual([401, 'REFRESH_TOKEN_INVALID']);
      expect(await endOf(person.sessionId)).toBe('refresh_token_reused');
      expect(await codeOf(refresh(body.tokens.refreshToken))).toEqual([401, 'REFRESH_TOKEN_INVALID']);
      await refusedSoon(`Bearer ${body.tokens.accessToken}`);
      expect(await identity.auditOf(person.id)).toContain('refresh_token_reused');
    },
  );

  it('under one Idempotency-Key gives the very same answer', async () => {
    const key = newId();
    const call = () => identity.post('/v1/auth/refresh', { refreshToken: person.refreshToken }, { key });
    const [first, second] = [await call(), await call()];
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is good for 30 days from the last refresh; the access token for 15 minutes', async () => {
    identity.clock.advance(16 * MINUTE);
    expect(await me(person.as)).toEqual([401, 'TOKEN_EXPIRED']);
    identity.clock.advance(30 * DAY - 17 * MINUTE);
    const { body } = await refresh(person.refreshToken);
    identity.clock.advance(29 * DAY);
    const next = await refresh(body.tokens.refreshToken);
    identity.clock.advance(30 * DAY);
    expect(await codeOf(refresh(next.body.tokens.refreshToken))).toEqual([401, 'REFRESH_TOKEN_INVALID']);
  });

  it.each<[string, unknown, number]>([
    ['that nobody knows', { refreshToken: `ddr_${'x'.repeat(43)}` }, 401],
    ['that is empty', { refreshToken: '' }, 400],
    ['that is endless', { refreshToken: 'x'.repeat(201) }, 400],
    ['that is no text', { refreshToken: null }, 400],
    ['that is missing', {}, 400],
    ['beside a field that nobody knows', { refreshToken: 'x', scope: 'all' }, 400],
  ])('%s is refused', async (_, body, status) => {
    expect((await identity.post('/v1/auth/refresh', body)).status).toBe(status);
    if (status === 400) expect((await identity.post('/v1/auth/logout', body)).status).toBe(400);
  });

  it('works beside an access token that has expired', async () => {
    identity.clock.advance(16 * MINUTE);
    const call = identity.post('/v1/auth/refresh', { refreshToken: person.refreshToken }, { as: person.as });
    expect(await codeOf(call)).toBe(200);
  });
});

describe('Signing out', () => {
  it('ends the session and its tokens; again, or with a token that nobody knows, it changes nothing', async () => {
    const other = await identity.logIn(person);
    const logOut = (refreshToken: string) => identity.post('/v1/auth/logout', { refreshToken });
    expect(await logOut(person.refreshToken)).toMatchObject({ status: 204, text: '' });
    expect((await logOut(person.refreshToken)).status).toBe(204);
    expect((await logOut('nobody knows this one')).status).toBe(204);
    expect(await endOf(person.sessionId)).toBe('logout');
    expect(await codeOf(refresh(person.refreshToken))).toEqual([401, 'REFRESH_TOKEN_INVALID']);
    await refusedSoon(person.as);
    expect(await me(other.as)).toBe(200);
  });
});

describe('My sessions', () => {
  const mine = async (as: string, query = '') =>
    (await identity.call('GET', `/v1/users/me/sessions${query}`, { as })).body;

  it('are listed newest first, page by page, this one marked', async () => {
    const second = await identity.logIn(person);
    const third = await identity.logIn(person);
    await identity.register();
    const { items } = await mine(second.as);
    expect(items.map(({ id, current }: { id: string; current: boolean }) => [id, current])).toEqual([
      [third.sessionId, false],
      [second.sessionId, true],
      [person.sessionId, false],
    ]);
    const first = await mine(second.as, '?pageSize=2');
    const rest = await mine(second.as, `?pageSize=2&pageToken=${first.nextPageToken}`);
    expect([...first.items, ...rest.items]).toEqual(items);
    expect(rest.nextPageToken).toBeUndefined();
  });

  it('can be ended one by one', async () => {
    const other = await identity.logIn(person);
    const end = (id: string, as: string) => codeOf(identity.call('DELETE', `/v1/users/me/sessions/${id}`, { as }));
    expect(await end(person.sessionId, other.as)).toBe(204);
    expect(await end(person.sessionId, other.as)).toEqual([404, 'NOT_FOUND']);
    expect(await end('x', other.as)).toEqual([400, 'VALIDATION_FAILED']);
    await refusedSoon(person.as);
    expect((await mine(other.as)).items).toHaveLength(1);
  });

  it('can be ended all at once, this one included, and nobody else’s', async () => {
    const [other, stranger] = [await identity.logIn(person), await identity.register()];
    expect(await codeOf(identity.call('DELETE', '/v1/users/me/sessions', { as: person.as }))).toBe(204);
    for (const { as, refreshToken } of [person, other]) {
      expect(await codeOf(refresh(refreshToken))).toEqual([401, 'REFRESH_TOKEN_INVALID']);
      await refusedSoon(as);
    }
    expect(await me(stranger.as)).toBe(200);
  });

  it.each(['?pageSize=0', '?pageSize=201', '?pageSize=x', '?pageToken=x', '?page=2'])('refuses %s', async (query) => {
    const call = identity.call('GET', `/v1/users/me/sessions${query}`, { as: person.as });
    expect(await codeOf(call)).toEqual([400, 'VALIDATION_FAILED']);
  });

  it.each([
    ['GET', '/v1/users/me'],
    ['GET', '/v1/users/me/sessions'],
    ['DELETE', '/v1/users/me/sessions'],
    ['DELETE', `/v1/users/me/sessions/${newId()}`],
  ])('%s %s is for people who signed in', async (method, path) => {
    expect(await codeOf(identity.call(method, path))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await codeOf(identity.call(method, path, { as: 'Bearer x' }))).toEqual([401, 'UNAUTHENTICATED']);
  });
});
