import { beforeAll, describe, expect, it } from '@jest/globals';
import { fleet } from './fleet.js';
import type { Answer } from './answer.js';
import { call, get } from './gateway.js';
import { soon } from './waiting.js';
import { at, openTenant, type Person, referralsOf, register, registerChain, type Tenant, unique } from './world.js';

let tenant: Tenant;
/** Ada brought Ben in, Ben Cleo, Cleo Dan. */
let chain: Person[];
let second: Person;

beforeAll(async () => {
  tenant = await openTenant('referrals');
  chain = await registerChain(tenant, 4);
  second = await register(tenant, { referralCode: (await referralsOf(at(chain, 0))).code });
});

const levels = (...counts: readonly number[]) =>
  Array.from({ length: 7 }, (_none, index) => ({ level: index + 1, count: counts[index] ?? 0 }));

describe('a referral code', () => {
  it('is a person’s own, stays the same, and comes as a link', async () => {
    const [ada, ben] = [await referralsOf(at(chain, 0)), await referralsOf(at(chain, 1))];
    expect(ada.link).toBe(`${fleet.gatewayUrl}/r/${ada.code}`);
    expect(ada.code).not.toBe(ben.code);
    expect((await referralsOf(at(chain, 0))).code).toBe(ada.code);
  });

  it('places whoever registers with it', () => {
    expect(chain.map(({ referral }) => referral.applied)).toEqual([false, true, true, true]);
    expect(second.referral).toEqual({ applied: true });
  });

  it.each([['nobody-has-this-code'], ['💡 not even text of a code'], ['a'.repeat(200)]])(
    'that nobody has (%s) never blocks a registration',
    async (referralCode) => {
      const person = await register(tenant, { referralCode });
      expect(person.referral.applied).toBe(false);
      const summary = await referralsOf(person);
      expect([summary.referredBy ?? null, summary.networkSize]).toEqual([null, 0]);
    },
  );
});

describe('the network', () => {
  it('counts everybody below, level by level', async () => {
    await soon(async () => {
      expect(await referralsOf(at(chain, 0))).toMatchObject({
        directCount: 2,
        networkSize: 4,
        byLevel: levels(2, 1, 1),
      });
    });
    expect(await referralsOf(at(chain, 2))).toMatchObject({ directCount: 1, networkSize: 1, byLevel: levels(1) });
    expect(await referralsOf(at(chain, 3))).toMatchObject({ directCount: 0, networkSize: 0, byLevel: levels() });
  });

  it('knows who brought somebody in, and that nobody brought in the first', async () => {
    const [ada, ben] = [await referralsOf(at(chain, 0)), await referralsOf(at(chain, 1))];
    expect(ada.referredBy ?? null).toBeNull();
    expect(JSON.stringify(ben.referredBy)).toContain(at(chain, 0).id);
  });
});

describe('a referral link', () => {
  const follow = (code: string, cookie?: string) =>
    get(`/r/${code}`, cookie === undefined ? {} : { headers: { cookie } });
  const visitorOf = (answer: Answer): string | undefined =>
    answer.headers['set-cookie']?.find((cookie) => cookie.startsWith('dd_visitor='))?.split(';')[0];

  it('leads to the landing page, and the browser remembers the click', async () => {
    const { code } = await referralsOf(at(chain, 0));
    const answer = await follow(code);
    expect(answer.status).toBe(302);
    expect(answer.headers.location).toMatch(/^https?:\/\//);
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    expect(cookie).toMatch(/^dd_visitor=[0-9a-f-]{36};/);
    for (const attribute of ['HttpOnly', 'SameSite=Lax', 'Path=/', 'Max-Age=7776000'])
      expect(cookie).toContain(attribute);
    expect(answer.headers['cache-control']).toContain('no-store');
  });

  it('works in the address it was given as', async () => {
    const { link } = await referralsOf(at(chain, 0));
    expect((await call('GET', link.slice(fleet.gatewayUrl.length))).status).toBe(302);
  });

  it('places a registration by the first click of the visitor, when no code is given', async () => {
    const [ada, ben] = [await referralsOf(at(chain, 0)), await referralsOf(at(chain, 1))];
    const visitor = visitorOf(await follow(ben.code));
    expect(visitorOf(await follow(ada.code, visitor)) ?? visitor).toBe(visitor);
    const person = await register(tenant, { cookie: visitor ?? '' });
    expect(person.referral.applied).toBe(true);
    expect(JSON.stringify((await referralsOf(person)).referredBy)).toContain(at(chain, 1).id);
  });

  it('does not win over a code that is given', async () => {
    const [ada, ben] = [await referralsOf(at(chain, 0)), await referralsOf(at(chain, 1))];
    const visitor = visitorOf(await follow(ben.code));
    const person = await register(tenant, { cookie: visitor ?? '', referralCode: ada.code });
    expect(person.referral.applied).toBe(true);
    expect(JSON.stringify((await referralsOf(person)).referredBy)).toContain(at(chain, 0).id);
  });

  it('wins over a code that nobody has', async () => {
    const { code } = await referralsOf(at(chain, 1));
    const visitor = visitorOf(await follow(code));
    const person = await register(tenant, { cookie: visitor ?? '', referralCode: 'nobody-has-this-code' });
    expect(JSON.stringify((await referralsOf(person)).referredBy)).toContain(at(chain, 1).id);
  });

  it('with a code that nobody has leads to the landing page too, and nothing is remembered', async () => {
    const answer = await follow(unique('unknown'));
    expect(answer.status).toBe(302);
    const known = await follow((await referralsOf(at(chain, 0))).code);
    // But for the click's id, which there is none of here.
    expect(answer.headers.location).toBe(String(known.headers.location).replace(/[?&]ddcid=[\w-]{44}$/, ''));
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('a made-up cookie brings nobody in and blocks nothing', async () => {
    const person = await register(tenant, { cookie: 'dd_visitor=not-a-visitor; theme=dark' });
    expect(person.referral.applied).toBe(false);
  });
});
