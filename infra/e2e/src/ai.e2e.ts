import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Answer } from './answer.js';
import { expecting, get, post } from './gateway.js';
import { newKey, openTenant, type Person, register, type Tenant } from './world.js';

const CHAT = '/ai/v1/chat/completions';

let tenant: Tenant;
let person: Person;
let key: string;
let model: string;

beforeAll(async () => {
  tenant = await openTenant('ai');
  person = await register(tenant);
  key = (await newKey(tenant, 'ai:invoke')).key;
  model = expecting(200, await get('/ai/v1/models', { as: key })).data[0].id;
});

const messages = [
  { role: 'system', content: 'You write short invitations.' },
  { role: 'user', content: 'Write three lines that invite a friend to try our bookkeeping. Überzeuge sie! 💡' },
];
const ask = (other: object = {}, as = key) => post(CHAT, { as, json: { model, messages, ...other } });

/** The data of the server-sent events of an answer. */
function eventsOf({ text }: Answer): string[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((block) => block.split(/\r?\n/))
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trim());
}

describe('the models', () => {
  it('are listed as OpenAI’s API lists them', async () => {
    for (const as of [key, person.token]) {
      const list = expecting(200, await get('/ai/v1/models', { as }));
      expect(list.object).toBe('list');
      expect(list.data[0]).toMatchObject({ id: model, object: 'model', owned_by: expect.stringMatching(/./) });
      expect(Number.isInteger(list.data[0].created)).toBe(true);
    }
  });
});

describe('a completion', () => {
  it('comes whole when it is not asked for as a stream', async () => {
    const completion = expecting(200, await ask());
    expect(completion).toMatchObject({
      id: expect.stringMatching(/./),
      object: 'chat.completion',
      model,
      choices: [
        { index: 0, finish_reason: 'stop', message: { role: 'assistant', content: expect.stringMatching(/./) } },
      ],
    });
    const { prompt_tokens: prompt, completion_tokens: made, total_tokens: total } = completion.usage;
    expect(prompt).toBeGreaterThan(0);
    expect(made).toBeGreaterThan(0);
    expect(total).toBe(prompt + made);
  });

  it('is given to a person as to a key', async () => {
    expect((await ask({}, person.token)).status).toBe(200);
  });

  it('comes as a stream that ends with [DONE] and says the same', async () => {
    const whole = expecting(200, await ask()).choices[0].message.content;
    const streamed = await ask({ stream: true });
    expect([streamed.status, streamed.mediaType]).toEqual([200, 'text/event-stream']);
    const events = eventsOf(streamed);
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.slice(0, -1).map((data) => JSON.parse(data));
    expect(chunks.length).toBeGreaterThan(1);
    for (const chunk of chunks) expect(chunk).toMatchObject({ object: 'chat.completion.chunk', model });
    expect(chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('')).toBe(whole);
    expect(chunks.at(-1).choices[0].finish_reason).toBe('stop');
    expect(chunks.filter((chunk) => 'usage' in chunk && chunk.usage !== null)).toEqual([]);
  });

  it('tells its tokens at the end of a stream to those who ask', async () => {
    const streamed = await ask({ stream: true, stream_options: { include_usage: true } });
    const events = eventsOf(streamed);
    expect(events.at(-1)).toBe('[DONE]');
    const last = JSON.parse(events.at(-2) ?? '{}');
    expect(last.choices).toEqual([]);
    expect(last.usage.total_tokens).toBe(last.usage.prompt_tokens + last.usage.completion_tokens);
  });

  it('takes fields that nobody here knows: they are for the model', async () => {
    expect((await ask({ temperature: 0.2, seed: 7, something_new: { a: 1 } })).status).toBe(200);
  });
});

describe('a refusal', () => {
  it.each<[string, object, number]>([
    ['an unknown model', { model: 'no-such-model' }, 404],
    ['no model', { model: undefined }, 400],
    ['no messages', { messages: [] }, 400],
    ['messages that are none', { messages: 'Hello' }, 400],
    ['a stream that is neither', { stream: 'yes' }, 400],
  ])('for %s is told as OpenAI’s API tells it', async (_what, wrong, status) => {
    const answer = await ask(wrong);
    expect(answer.status).toBe(status);
    expect(answer.body.error).toMatchObject({ message: expect.stringMatching(/./), type: 'invalid_request_error' });
    if (status === 404) expect(answer.body.error.code).toBe('model_not_found');
  });

  it('for broken JSON is told so, too', async () => {
    const answer = await post(CHAT, { as: key, raw: '{"model":', headers: { 'content-type': 'application/json' } });
    expect([answer.status, answer.body.error.type]).toEqual([400, 'invalid_request_error']);
  });

  it('for missing credentials or a missing scope is told so, too', async () => {
    const stranger = await newKey(tenant, 'events:write');
    const answers = [
      await post(CHAT, { json: { model, messages } }),
      await ask({}, stranger.key),
      await ask({}, 'dd_no'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 401]);
    for (const { body } of answers) expect(body.error.message).toMatch(/./);
  });

  it('of a stream is no stream', async () => {
    const answer = await ask({ stream: true, model: 'no-such-model' });
    expect([answer.status, answer.mediaType]).toEqual([404, 'application/json']);
  });
});
