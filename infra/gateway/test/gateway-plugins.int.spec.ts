import diagnostics from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import type { KongDocument, KongPlugin } from '../src/kong.js';
import { renderKong } from '../src/render.js';
import { kongWith, setUpBench, signingKeys } from './bench.js';

const { startGateway, afterwards, wayToRedis } = setUpBench();

describe('limits', () => {
  const send = async (url: string, times: number) => {
    const answers: Response[] = [];
    for (let n = 0; n < times; n += 1) answers.push(await fetch(`${url}/v1/plans`));
    return answers;
  };

  it('let so many requests a minute through and say how many are left', async () => {
    const url = await startGateway({ kong: kongWith({ perMinute: 3 }) });
    const answers = await send(url, 4);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(answers.map(({ headers }) => headers.get('ratelimit-remaining'))).toEqual(['2', '1', '0', '0']);
    expect(Number(answers[3]!.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answers[3]!.json()).toMatchObject({ message: 'API rate limit exceeded' });
  });

  it('are a route’s own where it has its own: registrations', async () => {
    const url = await startGateway();
    const answer = await fetch(`${url}/v1/auth/register`, { method: 'POST', body: '{}' });
    expect(answer.headers.get('ratelimit-limit')).toBe('60');
    expect((await fetch(`${url}/v1/plans`)).headers.get('ratelimit-limit')).toBe('6000');
  });

  it('count an address once, whoever asks: a valid token allows more of the same count', async () => {
    const keys = await signingKeys();
    const url = await startGateway({ kong: keys.known(kongWith({ perMinute: 2 }), { personPerMinute: 4 }) });
    const headers = { authorization: `Bearer ${await keys.sign()}` };
    const as = async (own?: Record<string, string>) => (await fetch(`${url}/v1/plans`, own && { headers: own })).status;
    expect([await as(), await as(), await as()]).toEqual([200, 200, 429]);
    // Three of four are used up.
    expect([await as(headers), await as(headers)]).toEqual([200, 429]);
  });

  it('of a route hold for a valid token, too', async () => {
    const keys = await signingKeys();
    const url = await startGateway({ kong: keys.known(renderKong()) });
    const headers = { authorization: `Bearer ${await keys.sign()}` };
    const login = await fetch(`${url}/v1/auth/login`, { method: 'POST', headers, body: '{}' });
    expect(login.headers.get('ratelimit-limit')).toBe('120');
    const plans = await fetch(`${url}/v1/plans`, { headers });
    expect(plans.headers.get('ratelimit-limit')).toBe('12000');
  });

  it('go on while Redis is away, and when it comes back', async () => {
    const way = await wayToRedis();
    const url = await startGateway({ kong: kongWith({ perMinute: 2 }), redisUrl: way.url });
    way.proxy.cutAt(() => 'before');
    expect((await send(url, 3)).map(({ status }) => status)).toEqual([200, 200, 429]);
    way.proxy.cutAt(() => undefined);
    // Counted here the limit is used up; Redis has counted nothing yet.
    await eventually(async () => expect((await send(url, 1))[0]?.status).toBe(200));
  });
});

describe('a token', () => {
  const limitFor = async (url: string, authorization: string | undefined): Promise<[number, string | null]> => {
    const answer = await fetch(
      `${url}/v1/balances/me`,
      authorization === undefined ? {} : { headers: { authorization } },
    );
    return [answer.status, answer.headers.get('ratelimit-limit')];
  };
  const anybodys = [200, '6000'];

  it('that is valid is a person’s; every other one passes as anybody’s, for the service to refuse', async () => {
    const keys = await signingKeys();
    const strangers = await signingKeys();
    const url = await startGateway({ kong: keys.known(renderKong()) });
    const good = await keys.sign();
    const [header = '', claims = '', signature = ''] = good.split('.');
    const other = Buffer.from(JSON.stringify({ exp: 9e9 })).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', kid: 'spec' })).toString('base64url');
    expect(await limitFor(url, `Bearer ${good}`)).toEqual([200, '12000']);
    expect(await limitFor(url, `bearer ${good}`)).toEqual([200, '12000']);
    const wrong = [
      undefined,
      'Bearer dd_an-api-key',
      'Bearer ',
      good,
      `Bearer ${header}.${claims}`,
      `Bearer ${header}.${claims}.AAAA`,
      `Bearer ${header}.${other}.${signature}`,
      `Bearer ${none}.${claims}.`,
      `Bearer ${good}.${signature}`,
      `Bearer ${await strangers.sign()}`,
      `Bearer ${await keys.sign({ exp: 1 })}`,
      `Bearer ${await keys.sign({ exp: undefined })}`,
    ];
    for (const authorization of wrong)
      expect([authorization, await limitFor(url, authorization)]).toEqual([authorization, anybodys]);
  });

  it('under a key that is not known here yet passes as anybody’s', async () => {
    const url = await startGateway();
    expect(await limitFor(url, `Bearer ${await (await signingKeys()).sign()}`)).toEqual(anybodys);
  });

  it('ends when it says so', async () => {
    const keys = await signingKeys();
    const end = 2_000_000_000;
    let nowMs = (end - 1) * 1_000;
    const url = await startGateway({ kong: keys.known(renderKong()), now: () => new Date(nowMs) });
    const authorization = `Bearer ${await keys.sign({ exp: end })}`;
    expect(await limitFor(url, authorization)).toEqual([200, '12000']);
    nowMs = end * 1_000;
    expect(await limitFor(url, authorization)).toEqual(anybodys);
  });

  it('decides who a request is counted as; a client does not', async () => {
    const url = await startGateway();
    const answer = await fetch(`${url}/v1/plans`, {
      headers: { 'x-consumer-username': 'person', 'x-consumer-id': '1' },
    });
    expect(answer.headers.get('ratelimit-limit')).toBe('6000');
    const { headers } = (await answer.json()) as { headers: Record<string, string> };
    expect(Object.keys(headers).filter((name) => name.startsWith('x-consumer'))).toEqual([]);
  });
});

describe('administrators’ paths', () => {
  const only = (allow: string[]): KongDocument => {
    const kong = renderKong();
    const narrowed = (plugin: KongPlugin) =>
      plugin.name === 'ip-restriction' ? { ...plugin, config: { ...plugin.config, allow } } : plugin;
    return {
      ...kong,
      services: kong.services.map((service) => ({
        ...service,
        routes: service.routes.map((route) => ({ ...route, plugins: (route.plugins ?? []).map(narrowed) })),
      })),
    };
  };

  it('are reached from the networks of administrators alone', async () => {
    const url = await startGateway({ kong: only(['203.0.113.0/24']) });
    const refused = await fetch(`${url}/v1/tenants`, { method: 'POST', body: '{}' });
    expect([refused.status, await refused.json()]).toMatchObject([403, { message: expect.stringMatching(/network/) }]);
    // Whatever a caller claims.
    const claimed = await fetch(`${url}/v1/api-keys`, { headers: { 'x-forwarded-for': '203.0.113.7' } });
    expect(claimed.status).toBe(403);
    expect((await fetch(`${url}/v1/purchases`)).status).toBe(200);
    const open = await startGateway();
    expect((await fetch(`${open}/v1/tenants`, { method: 'POST', body: '{}' })).status).toBe(200);
  });

  it('are not for crawlers, but for administrators’ programs; everything else is for all', async () => {
    const url = await startGateway();
    const as = async (path: string, agent: string) =>
      (await fetch(`${url}${path}`, { headers: { 'user-agent': agent } })).status;
    const crawler = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';
    expect(await as('/v1/api-keys', crawler)).toBe(403);
    expect(await as('/sites/a/', crawler)).toBe(200);
    for (const agent of [
      'curl/8.7.1',
      'Python-urllib/3.12',
      'Apache-HttpClient/5.3',
      'Mozilla/5.0 (X11; Linux) Firefox/128.0',
    ])
      expect([agent, await as('/v1/api-keys', agent)]).toEqual([agent, 200]);
  });
});

describe('bodies', () => {
  it('are small where no route needs more', async () => {
    const url = await startGateway();
    const post = async (path: string, bytes: number) =>
      (await fetch(`${url}${path}`, { method: 'POST', body: 'x'.repeat(bytes) })).status;
    expect(await post('/v1/auth/login', 65_536)).toBe(200);
    expect(await post('/v1/auth/login', 65_537)).toBe(413);
    expect(await post('/v1/events', 1_048_577)).toBe(200);
    expect(await post('/v1/events', 2_097_153)).toBe(413);
  });
});

describe('a service that accepts no connection', () => {
  /** An address that nobody listens at until `open` is called. */
  const sleeper = async () => {
    const holder = createServer((_request, response) => response.end('awake'));
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    return { holder, port };
  };

  it('is asked once more when nothing was sent', async () => {
    const { holder, port } = await sleeper();
    await new Promise((resolve) => holder.close(resolve));
    let tries = 0;
    const connecting = () => (tries += 1);
    diagnostics.subscribe('undici:client:beforeConnect', connecting);
    afterwards(() => diagnostics.unsubscribe('undici:client:beforeConnect', connecting));
    const url = await startGateway({ upstreams: { payouts: `127.0.0.1:${port}` } });
    const seen = async (init?: RequestInit) => {
      tries = 0;
      // Not fetch, whose own connections would be counted.
      const sent = httpRequest(`${url}/v1/balances/me`, { method: init?.method ?? 'GET' });
      sent.end(init?.body as string | undefined);
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return [response.statusCode, tries];
    };
    expect(await seen()).toEqual([502, 2]);
    // Nothing of the body was sent either.
    expect(await seen({ method: 'POST', body: '{}' })).toEqual([502, 2]);
  });
});
