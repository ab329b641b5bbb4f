import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import fc from 'fast-check';
import type { TenantId } from '../src/ids.js';
import { type Gateway, startGateway } from './gateway.js';
import {
  type Answering,
  chunk,
  chunksOf,
  eventsOf,
  json,
  openStream,
  stream,
  UpstreamServer,
  usageChunk,
  wholeAnswer,
} from './upstream-server.js';

const KEY = 'sk-upstream-secret-4711';
const HEADERS_TIMEOUT_MS = 1_500;
let upstream: UpstreamServer;
let gateway: Gateway;
let tenantId: TenantId;
let as: string;

const ask = { model: 'gpt-spec', messages: [{ role: 'user', content: 'Say something nice.' }] };
const PROMPT_ESTIMATE = 9n;

beforeAll(async () => {
  upstream = await UpstreamServer.start();
  const common = { baseUrl: upstream.baseUrl, apiKey: KEY };
  gateway = await startGateway({
    env: {
      AI_UPSTREAMS: JSON.stringify([
        { ...common, name: 'spec', models: ['gpt-spec', 'gpt-spec-mini'] },
        { ...common, name: 'plain', models: ['plain'], streamUsage: false },
        { name: 'nowhere', baseUrl: 'http://127.0.0.1:1/v1', models: ['lost'] },
      ]),
      UPSTREAM_HEADERS_TIMEOUT_MS: String(HEADERS_TIMEOUT_MS),
      UPSTREAM_BODY_TIMEOUT_MS: '1500',
      UPSTREAM_RETRY_WAIT_MAX_MS: '2500',
    },
  });
});

beforeEach(() => {
  tenantId = gateway.newTenant();
  ({ as } = gateway.apiKey(tenantId));
});

afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

/** The one completion of this test, once it is there. */
const theCompletion = () =>
  eventually(async () => {
    const rows = await gateway.completionsOf(tenantId);
    expect(rows).toHaveLength(1);
    return rows[0]!;
  });

const expectBroken = async (tokens: object) => {
  expect(await theCompletion()).toMatchObject({ status: 'broken', streamed: true, ...tokens });
};

const errorIn = (data: string | undefined) => JSON.parse(data ?? '{}').error;
const UPSTREAM_ERROR = { message: expect.any(String), type: 'server_error', param: null, code: 'upstream_failed' };

describe('Configured upstreams', () => {
  it('are the models there are, and the built-in one is not among them', async () => {
    const { body } = await gateway.call('GET', '/ai/v1/models', { as });
    expect(body.data.map(({ id, owned_by }: Record<string, string>) => [id, owned_by])).toEqual([
      ['gpt-spec', 'spec'],
      ['gpt-spec-mini', 'spec'],
      ['plain', 'plain'],
      ['lost', 'nowhere'],
    ]);
  });
});

describe('A whole answer', () => {
  it('passes untouched, and its request reached the provider untouched', async () => {
    const answer = `{"odd": 1.0,  ${JSON.stringify(wholeAnswer('Grüße 👋')).slice(1)}`;
    upstream.answerWith(json(answer));
    const text = `{"model":"gpt-spec","messages":[{"role":"user","content":"é","name":"x"}],"seed":9007199254740993,"temperature":1.0,"x_unknown":{"deep":[1e2,null]},"logit_bias":{"50256":-100}}`;
    const { status, text: got } = await gateway.chat(as, text);
    expect([status, got]).toEqual([200, answer]);
    const [request, ...more] = upstream.received;
    expect(more).toEqual([]);
    expect(request!.text).toBe(text);
    expect(request!.path).toBe('/v1/chat/completions');
    expect(request!.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(JSON.stringify(request!.headers)).not.toContain(as.slice(10));
    expect(await theCompletion()).toMatchObject({
      provider: 'spec',
      model: 'gpt-spec',
      status: 'complete',
      prompt_tokens: 11n,
      completion_tokens: 5n,
      tokens_estimated: false,
      billed: true,
    });
  });

  it('names one model to gateway and provider alike, whatever the body says twice', async () => {
    upstream.answerWith(json(wholeAnswer('x')));
    await gateway.chat(as, '{"model":"gpt-other","messages":[{"role":"user","content":"a"}],"model":"gpt-spec"}');
    expect(upstream.received[0]!.text).not.toContain('gpt-other');
  });

  it('has its tokens estimated, and marked so, when the provider reports none', async () => {
    upstream.answerWith(json(wholeAnswer('abcdefgh', {})));
    expect((await gateway.chat(as, ask)).status).toBe(200);
    expect(await theCompletion()).toMatchObject({
      prompt_tokens: PROMPT_ESTIMATE,
      completion_tokens: 2n,
      tokens_estimated: true,
      billed: true,
    });
    expect(await gateway.billsOf(tenantId)).toMatchObject([{ promptTokens: PROMPT_ESTIMATE, completionTokens: 2n }]);
  });

  it.each<[string, Answering]>([
    ['no JSON', json('{"choices": [')],
    ['no answer', json({ hello: 'world' })],
    ['an error with status 200', json({ error: { message: 'boom' } })],
    ['no UTF-8', (response) => void response.writeHead(200).end(Buffer.from([0x7b, 0xff, 0x7d]))],
    [
      'cut off',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
        response.write('{"choices": [', () => response.destroy());
      },
    ],
    [
      'silent in the middle',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"choices": [');
      },
    ],
  ])('that is %s is 502 and recorded as broken, not billed', async (_what, answering) => {
    upstream.answerWith(answering);
    const { status, body } = await gateway.chat(as, ask);
    expect([status, body]).toEqual([502, { error: UPSTREAM_ERROR }]);
    expect(await theCompletion()).toMatchObject({ status: 'broken', billed: false, tokens_estimated: true });
    expect(await gateway.billsOf(tenantId)).toEqual([]);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('A refusal of the provider', () => {
  it.each([400, 413, 422])('with %d is the caller’s to mend and passes on, without our key', async (refused) => {
    const error = {
      message: `too long, said ${KEY}`,
      type: 'invalid_request_error',
      param: 'messages',
      code: 'context_length_exceeded',
    };
    upstream.answerWith(json({ error }, refused));
    for (const streamed of [false, true]) {
      const { status, headers, body } = await gateway.chat(as, { ...ask, stream: streamed });
      expect([status, body]).toEqual([refused, { error: { ...error, message: 'too long, said [redacted]' } }]);
      expect(headers.get('content-type')).toMatch(/^application\/json/);
    }
    expect(upstream.received).toHaveLength(2);
    const row = { status: 'failed', prompt_tokens: 0n, completion_tokens: 0n, billed: false };
    expect(await gateway.completionsOf(tenantId)).toMatchObject([row, row]);
  });

  it.each([301, 401, 403, 404, 500, 502, 504])('with %d is ours to mend: 502, once, in our words', async (refused) => {
    upstream.answerWith(json({ error: { message: `wrong key ${KEY}` } }, refused, { location: upstream.baseUrl }));
    const { status, text, body } = await gateway.chat(as, ask);
    expect([status, body]).toEqual([502, { error: UPSTREAM_ERROR }]);
    expect(text).not.toContain(KEY);
    expect(upstream.received).toHaveLength(1);
    expect(await theCompletion()).toMatchObject({ status: 'failed', billed: false });
  });

  it.each([429, 503])('with %d is tried again before the first byte', async (busy) => {
    upstream.answerWith(json({}, busy), json({}, busy), json(wholeAnswer('at last')));
    const { status, body } = await gateway.chat(as, ask);
    expect([status, body.choices[0].message.content]).toEqual([200, 'at last']);
    expect(upstream.received).toHaveLength(3);
    expect(new Set(upstream.received.map(({ text }) => text)).size).toBe(1);
    expect(await theCompletion()).toMatchObject({ status: 'complete' });
  });

  it('that lasts is passed on with its Retry-After, after three tries', async () => {
    upstream.answerWith(json({}, 429, { 'retry-after': '1' }));
    const { status, headers, body } = await gateway.chat(as, { ...ask, stream: true });
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([429, '1', 'rate_limit_exceeded']);
    expect(upstream.received).toHaveLength(3);
  });

  it('that asks for more patience than there is, is passed on at once', async () => {
    upstream.answerWith(json({}, 503, { 'retry-after': '60' }));
    const { status, headers } = await gateway.chat(as, ask);
    expect([status, headers.get('retry-after')]).toEqual([503, '60']);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('A provider', () => {
  it('that cannot be reached is 503 with Retry-After', async () => {
    const { status, headers, body } = await gateway.chat(as, { ...ask, model: 'lost' });
    expect([status, headers.get('retry-after'), body.error.code]).toEqual([503, '1', 'unavailable']);
    expect(await theCompletion()).toMatchObject({ status: 'failed', provider: 'nowhere' });
  });

  it('that does not begin to answer is 504, and is not asked twice', async () => {
    upstream.answerWith(() => undefined);
    const { status, body } = await gateway.chat(as, ask);
    expect([status, body.error.code]).toEqual([504, 'deadline_exceeded']);
    expect(upstream.received).toHaveLength(1);
    expect(await theCompletion()).toMatchObject({ status: 'failed' });
  });

  it('that resets the connection before it answers is 502, and is not asked twice', async () => {
    upstream.answerWith((response) => void response.destroy());
    expect((await gateway.chat(as, ask)).status).toBe(502);
    expect(upstream.received).toHaveLength(1);
  });

  it('that is slow to begin is waited for', async () => {
    const begun = Promise.withResolvers<void>();
    upstream.answerWith(async (response, received) => {
      begun.resolve();
      await wait(HEADERS_TIMEOUT_MS / 3);
      await stream('late')(response, received);
    });
    const answer = gateway.streamChat(as, ask);
    await begun.promise;
    expect((await answer).data.at(-1)).toBe('[DONE]');
  });
});

describe('A stream', () => {
  it('passes untouched but for the tokens that only the gateway asked for', async () => {
    upstream.answerWith(stream('Grüße', ' 👋'));
    const { status, contentType, data, cut } = await gateway.streamChat(as, { ...ask, seed: 1 });
    expect({ status, contentType, cut }).toEqual({
      status: 200,
      contentType: 'text/event-stream; charset=utf-8',
      cut: false,
    });
    expect(data).toEqual(chunksOf(['Grüße', ' 👋'], false));
    expect(upstream.received[0]!.body).toEqual({
      ...ask,
      stream: true,
      seed: 1,
      stream_options: { include_usage: true },
    });
    expect(await theCompletion()).toMatchObject({
      status: 'complete',
      streamed: true,
      prompt_tokens: 11n,
      completion_tokens: 5n,
      tokens_estimated: false,
      billed: true,
    });
    expect(await gateway.billsOf(tenantId)).toMatchObject([
      { provider: 'spec', promptTokens: 11n, completionTokens: 5n },
    ]);
  });

  it('has the tokens for a caller who asked, whose other options stay', async () => {
    upstream.answerWith(stream('a'));
    const options = { include_usage: true, include_obfuscation: false };
    const { data } = await gateway.streamChat(as, { ...ask, stream_options: options });
    expect(data).toEqual(chunksOf(['a'], true));
    expect(upstream.received[0]!.body.stream_options).toEqual(options);
  });

  it('has its tokens estimated where the provider cannot tell, which is not asked to', async () => {
    upstream.answerWith(stream('abcd', 'efgh'));
    const { data } = await gateway.streamChat(as, { ...ask, model: 'plain' });
    expect(data.at(-1)).toBe('[DONE]');
    expect(upstream.received[0]!.body).not.toHaveProperty('stream_options');
    expect(await theCompletion()).toMatchObject({
      provider: 'plain',
      prompt_tokens: PROMPT_ESTIMATE,
      completion_tokens: 2n,
      tokens_estimated: true,
      billed: true,
    });
  });

  it('comes as it is made: each event is there before the next is', async () => {
    const seen = Promise.withResolvers<void>();
    upstream.answerWith(async (response) => {
      openStream(response);
      response.write(eventsOf([chunk({ content: 'first' })]));
      await seen.promise;
      response.end(eventsOf([chunk({ content: 'second' }), '[DONE]']));
    });
    const { data } = await gateway.streamChat(as, ask, (text) => {
      if (text.includes('first')) seen.resolve();
    });
    expect(data).toEqual([chunk({ content: 'first' }), chunk({ content: 'second' }), '[DONE]']);
  });

  it('is the same wherever the provider’s bytes are cut', async () => {
    const words = ['Grüße', ' 👩‍👩‍👧', '日本', ' end'];
    const bytes = Buffer.from(`: hello\n\n${eventsOf(chunksOf(words, true))}`);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
        upstream.answerWith(async (response) => {
          openStream(response);
          const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
          for (let n = 1; n < at.length; n += 1) {
            // Each piece is flushed to the socket before the next one is written.
            await new Promise((written) => response.write(bytes.subarray(at[n - 1], at[n]), written));
          }
          response.end();
        });
        const { data, cut } = await gateway.streamChat(as, ask);
        expect([data, cut]).toEqual([chunksOf(words, false), false]);
      }),
      { numRuns: 20 },
    );
  });

  it('passes an event of megabytes, and comments that keep the connection alive', async () => {
    const huge = chunk({ content: 'x'.repeat(2_000_000) });
    upstream.answerWith((response) => {
      openStream(response);
      response.end(`: thinking\n\n${eventsOf([huge, '[DONE]'])}`);
    });
    const { text, data } = await gateway.streamChat(as, ask);
    expect(data).toEqual([huge, '[DONE]']);
    expect(text.startsWith(': thinking\n\n')).toBe(true);
  });

  it('is taken from the provider no faster than its reader reads', async () => {
    const piece = eventsOf([chunk({ content: 'x'.repeat(65_536) })]);
    const total = 1_500;
    let written = 0;
    let stalled = false;
    upstream.answerWith(async (response) => {
      openStream(response);
      const closed = once(response, 'close');
      for (; written < total && !response.destroyed; written += 1) {
        if (!response.write(piece)) {
          stalled = true;
          await Promise.race([once(response, 'drain'), closed]);
        }
      }
      response.end(eventsOf(['[DONE]']));
    });
    const response = await fetch(`${gateway.url}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: as, 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask, stream: true }),
    });
    // Nobody reads yet: the provider comes to a halt long before its hundred megabytes are out.
    let before = -1;
    await eventually(
      () => {
        const [was, is] = [before, written];
        before = is;
        expect([stalled, is === was]).toEqual([true, true]);
      },
      { everyMs: 300 },
    );
    expect(written).toBeLessThan(total / 2);
    expect((await response.text()).endsWith('data: [DONE]\n\n')).toBe(true);
    expect(written).toBe(total);
  });

  it('answered whole by a provider that cannot stream is 502', async () => {
    upstream.answerWith(json(wholeAnswer('x')));
    expect((await gateway.chat(as, { ...ask, stream: true })).status).toBe(502);
    expect(await theCompletion()).toMatchObject({ status: 'broken', billed: false });
  });
});

describe('A stream that breaks never ends as if it were complete:', () => {
  const begun = [chunk({ role: 'assistant', content: '' }), chunk({ content: 'Once upon' })];
  const breaking: [string, (response: Parameters<Answering>[0]) => void][] = [
    ['reset in the middle', (response) => void response.write('data: {"cho', () => response.destroy())],
    ['ended without [DONE]', (response) => void response.end(eventsOf([chunk({}, 'stop')]))],
    ['ended within [DONE]', (response) => void response.end('data: [DONE]')],
    ['an event that is no JSON', (response) => void response.end(eventsOf(['{"choices": oops', '[DONE]']))],
    ['an event of another kind', (response) => void response.end(eventsOf(['{"hello":"world"}', '[DONE]']))],
    ['bytes that are no UTF-8', (response) => void response.end(Buffer.from('data: \xff\n\n', 'latin1'))],
    ['silence', () => undefined],
  ];

  it.each(breaking)('%s', async (_what, breakOff) => {
    upstream.answerWith((response) => {
      openStream(response);
      response.write(eventsOf(begun), () => breakOff(response));
    });
    const { status, data, cut } = await gateway.streamChat(as, ask);
    expect([status, cut]).toEqual([200, true]);
    expect(data).not.toContain('[DONE]');
    expect(data.slice(0, 2)).toEqual(begun);
    expect(errorIn(data.at(-1))).toEqual(UPSTREAM_ERROR);
    await expectBroken({
      prompt_tokens: PROMPT_ESTIMATE,
      completion_tokens: 3n,
      tokens_estimated: true,
      billed: false,
    });
    expect(await gateway.billsOf(tenantId)).toEqual([]);
    expect(upstream.received).toHaveLength(1);
  });

  it('an error instead of the rest, in the provider’s words', async () => {
    const error = { message: 'overloaded', type: 'server_error', param: null, code: 'busy' };
    upstream.answerWith((response) => {
      openStream(response);
      response.end(eventsOf([...begun, JSON.stringify({ error }), '[DONE]']));
    });
    const { data, cut } = await gateway.streamChat(as, ask);
    expect([cut, data.length, errorIn(data.at(-1))]).toEqual([true, 3, error]);
    await expectBroken({ billed: false });
  });

  it('and what its provider reported by then is billed', async () => {
    upstream.answerWith((response) => {
      openStream(response);
      response.end(eventsOf([...begun, usageChunk]));
    });
    expect((await gateway.streamChat(as, ask)).cut).toBe(true);
    await expectBroken({ prompt_tokens: 11n, completion_tokens: 5n, tokens_estimated: false, billed: true });
    expect(await gateway.billsOf(tenantId)).toHaveLength(1);
  });
});

describe('A caller who leaves', () => {
  it('ends the provider’s stream, and the completion is aborted', async () => {
    upstream.answerWith((response) => {
      openStream(response);
      response.write(eventsOf([chunk({ content: 'Once upon' })]));
    });
    await gateway.streamChat(as, ask, (text, leave) => {
      if (text.includes('Once upon')) leave();
    });
    await eventually(() => expect(upstream.abandoned).toBe(1));
    expect(await theCompletion()).toMatchObject({
      status: 'aborted',
      completion_tokens: 3n,
      tokens_estimated: true,
      billed: false,
    });
  });

  it('ends the provider’s work on a whole answer as well', async () => {
    const asked = Promise.withResolvers<void>();
    upstream.answerWith(() => asked.resolve());
    const leaving = new AbortController();
    const answer = fetch(`${gateway.url}/ai/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: as, 'content-type': 'application/json' },
      body: JSON.stringify(ask),
      signal: leaving.signal,
    });
    await asked.promise;
    leaving.abort();
    await expect(answer).rejects.toThrow();
    await eventually(() => expect(upstream.abandoned).toBe(1));
    expect(await theCompletion()).toMatchObject({ status: 'aborted', streamed: false, billed: false });
  });
});

describe('Logs', () => {
  it('tell of failures, but neither what was said nor the provider’s key', async () => {
    const secret = 'xyzzy-plugh';
    const asking = { ...ask, messages: [{ role: 'user', content: secret }] };
    upstream.answerWith(json(`{"said": "${secret}`));
    await gateway.chat(as, asking);
    upstream.answerWith(json({ error: { message: secret } }, 500));
    await gateway.chat(as, asking);
    upstream.answerWith((response) => {
      openStream(response);
      response.end(eventsOf([`{"${secret}`]));
    });
    await gateway.streamChat(as, asking);
    await eventually(async () => expect(await gateway.completionsOf(tenantId)).toHaveLength(3));
    expect(gateway.logged).toContain('spec answered 500');
    expect(gateway.logged).not.toContain(secret);
    expect(gateway.logged).not.toContain(KEY);
  });
});
