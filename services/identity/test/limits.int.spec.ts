import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@dailydoco/lifecycle';
import { renderPrometheus } from '@dailydoco/telemetry';
import { eventually, getStores, startTcpProxy, type TcpProxy } from '@dailydoco/testing';
import { type Identity, PASSWORD, startIdentity, startReplica } from './identity.js';

const PER_ACCOUNT = 3;
const PER_ADDRESS = 6;
const WINDOW_SECONDS = 600;

let proxy: TcpProxy;
let identity: Identity;
let replica: Identity;
/** Believes nobody's X-Forwarded-For but that of a network nobody here is in. */
let distrustful: Identity;

beforeAll(async () => {
  const redis = new URL((await getStores()).redisUrl);
  proxy = await startTcpProxy({ host: redis.hostname, port: Number(redis.port) });
  const env = {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT),
    LOGIN_ATTEMPTS_PER_ADDRESS: String(PER_ADDRESS),
    LOGIN_WINDOW_SECONDS: String(WINDOW_SECONDS),
  };
  identity = await startIdentity({ env });
  replica = await startReplica(identity, { env });
  distrustful = await startReplica(identity, { env: { ...env, TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.1' } });
});

afterAll(async () => {
  await distrustful.stop();
  await replica.stop();
  await identity.stop();
  await proxy.close();
});

let addresses = 0;
/** An address that nobody has come from before. */
const newAddress = () => {
  addresses += 1;
  return `203.0.113.${addresses}`;
};

const tryOn = (on: Identity, given: { email: string; password?: string; from?: string }) =>
  on.post(
    '/v1/auth/login',
    { email: given.email, password: given.password ?? 'a wrong password' },
    { headers: { 'x-forwarded-for': given.from ?? newAddress() } },
  );

async function times(count: number, attempt: () => Promise<{ status: number }>): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push((await attempt()).status);
  return statuses;
}

async function expectLimited(answer: ReturnType<typeof tryOn>): Promise<void> {
  const { status, body, headers } = await answer;
  expect([status, body.code]).toEqual([429, 'RATE_LIMITED']);
  const seconds = Number(headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(WINDOW_SECONDS - 60);
  expect(seconds).toBeLessThanOrEqual(WINDOW_SECONDS);
}

describe('Failed sign-ins', () => {
  it('of one account are counted over all replicas and addresses, and stop even the right password', async () => {
    const { email } = await identity.register();
    expect(await times(2, () => tryOn(identity, { email }))).toEqual([401, 401]);
    expect((await tryOn(replica, { email: email.toUpperCase() })).status).toBe(401);
    await expectLimited(tryOn(replica, { email, password: PASSWORD }));
    await expectLimited(tryOn(identity, { email, password: PASSWORD }));
    const { email: another } = await identity.register();
    expect((await tryOn(identity, { email: another, password: PASSWORD })).status).toBe(200);
  });

  it('are counted by how they ended, for those who watch', async () => {
    const counted = async () => {
      const text = await renderPrometheus();
      return ['accepted', 'refused', 'limited'].map((outcome) =>
        Number(new RegExp(`^dailydoco_login_attempts_total{outcome="${outcome}"} (\\d+)`, 'm').exec(text)?.[1] ?? 0),
      );
    };
    const { email } = await identity.register();
    const [accepted = 0, refused = 0, limited = 0] = await counted();
    await tryOn(identity, { email, password: PASSWORD });
    await times(PER_ACCOUNT + 2, () => tryOn(identity, { email }));
    expect(await counted()).toEqual([accepted + 1, refused + PER_ACCOUNT, limited + 2]);
  });

  it('of an account that does not exist are counted alike', async () => {
    const email = `${newId()}@people.example`;
    expect(await times(PER_ACCOUNT, () => tryOn(identity, { email }))).toEqual([401, 401, 401]);
    await expectLimited(tryOn(identity, { email }));
  });

  it('count before the password is looked at, so that parallel guesses gain nothing', async () => {
    const { email } = await identity.register();
    const guesses = await Promise.all(Array.from({ length: 12 }, () => tryOn(identity, { email })));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(PER_ACCOUNT);
    expect(guesses.filter(({ status }) => status === 429)).toHaveLength(12 - PER_ACCOUNT);
  });

  it('are forgiven by a success', async () => {
    const { email } = await identity.register();
    for (let n = 0; n < 3; n += 1) {
      expect(await times(PER_ACCOUNT - 1, () => tryOn(identity, { email }))).toEqual([401, 401]);
      expect((await tryOn(identity, { email, password: PASSWORD })).status).toBe(200);
    }
  });

  it('from one address are counted over all accounts; successes are not', async () => {
    const [from, { email }] = [newAddress(), await identity.register()];
    const succeed = () => tryOn(identity, { email, password: PASSWORD, from });
    expect(await times(PER_ADDRESS, succeed)).toEqual(Array.from({ length: PER_ADDRESS }, () => 200));
    const fail = () => tryOn(identity, { email: `${newId()}@people.example`, from });
    expect(await times(PER_ADDRESS, fail)).toEqual(Array.from({ length: PER_ADDRESS }, () => 401));
    await expectLimited(tryOn(replica, { email, password: PASSWORD, from }));
    expect((await tryOn(replica, { email, password: PASSWORD })).status).toBe(200);
  });

  it('are not escaped by naming another address oneself', async () => {
    const fail = () => tryOn(distrustful, { email: `${newId()}@people.example` });
    expect(await times(PER_ADDRESS, fail)).toEqual(Array.from({ length: PER_ADDRESS }, () => 401));
    await expectLimited(fail());
  });
});

describe('While Redis stalls', () => {
  const breakerState = async (): Promise<string | undefined> =>
    /dailydoco_breaker_state\{client="redis"\} (\d)/.exec(await renderPrometheus())?.[1];

  it('everybody can sign in, without waiting for it each time, and it counts again soon after it is back', async () => {
    const { email } = await identity.register();
    proxy.suffer({ stalled: true });
    for (let n = 0; n < 3; n += 1) expect((await tryOn(identity, { email, password: PASSWORD })).status).toBe(200);
    expect(await breakerState()).toBe('2');
    // While it is away this replica counts by itself.
    expect(await times(PER_ACCOUNT, () => tryOn(identity, { email }))).toEqual([401, 401, 401]);
    await expectLimited(tryOn(identity, { email, password: PASSWORD }));
    proxy.heal();
    const { email: another } = await identity.register();
    await eventually(async () => {
      expect((await tryOn(identity, { email: another, password: PASSWORD })).status).toBe(200);
      expect(await breakerState()).toBe('0');
    });
    expect(await times(2, () => tryOn(identity, { email: another }))).toEqual([401, 401]);
    expect((await tryOn(replica, { email: another })).status).toBe(401);
    await expectLimited(tryOn(replica, { email: another, password: PASSWORD }));
  });
});

// The last of this file: Redis does not come back.
describe('While Redis is away', () => {
  it('each replica limits by itself, and everybody can still sign in', async () => {
    await proxy.close();
    const { email } = await identity.register();
    for (const on of [identity, replica]) {
      expect((await tryOn(on, { email, password: PASSWORD })).status).toBe(200);
      expect(await times(PER_ACCOUNT, () => tryOn(on, { email }))).toEqual([401, 401, 401]);
      await expectLimited(tryOn(on, { email, password: PASSWORD }));
    }
  });

  it('a replica starts, and limits from its first moment', async () => {
    const { email } = await identity.register();
    const late = await startReplica(identity, {
      env: { REDIS_URL: 'redis://127.0.0.1:1', LOGIN_ATTEMPTS_PER_ACCOUNT: String(PER_ACCOUNT) },
    });
    try {
      expect((await late.call('GET', '/health/ready')).status).toBe(200);
      expect((await tryOn(late, { email, password: PASSWORD })).status).toBe(200);
      expect(await times(PER_ACCOUNT, () => tryOn(late, { email }))).toEqual([401, 401, 401]);
      expect((await tryOn(late, { email, password: PASSWORD })).status).toBe(429);
    } finally {
      await late.stop();
    }
  });
});
