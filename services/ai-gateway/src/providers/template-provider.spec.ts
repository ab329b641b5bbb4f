import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChatMessage, type ChatRequest, DONE } from '../openai/chat.js';
import { answerByTemplate } from './template-answer.js';
import { TEMPLATE_MODEL, TemplateProvider } from './template-provider.js';

const provider = new TemplateProvider({ newId: () => 'id', clock: { now: () => new Date(1_000_000) } });
const user = (content: string): ChatMessage => ({ role: 'user', content });

const asking = (messages: readonly ChatMessage[], other: Partial<ChatRequest> = {}): ChatRequest => ({
  model: TEMPLATE_MODEL,
  messages,
  stream: false,
  wantsUsage: false,
  maxTokens: undefined,
  wantsJson: false,
  body: {},
  ...other,
});

const whole = async (request: ChatRequest) => JSON.parse(await provider.complete(request));

async function streamed(request: ChatRequest) {
  const events: string[] = [];
  for await (const part of await provider.stream(request)) if (part.kind === 'data') events.push(part.data);
  expect(events.pop()).toBe(DONE);
  return events.map((event) => JSON.parse(event));
}

describe('The templates', () => {
  it.each([
    ['List the parts: engine. wheels. doors.', 'list', '- engine.\n- wheels.\n- doors.'],
    [
      'Draft an email: Our referral program starts today. Everybody earns.',
      'draft',
      'Subject: Referral program starts\n\nHello,\n\nOur referral program starts today.\nEverybody earns.\n\nBest regards',
    ],
    [
      'Summarize:\nReferrals bring customers. It rains. Customers like referrals. Nobody knows.',
      'summary',
      'Summary: Referrals bring customers. Customers like referrals.\nKeywords: referrals, customers, bring, rains, like',
    ],
  ])('fill %j as a %s', (text, template, expected) => {
    expect(answerByTemplate([user(text)])).toMatchObject({ template, text: expected });
  });

  it('speak of the conversation before, when the wish has no subject of its own', () => {
    const { text } = answerByTemplate([
      user('Payouts are monthly.'),
      { role: 'assistant', content: 'Yes.' },
      user('Summarize'),
    ]);
    expect(text).toContain('Payouts are monthly.');
  });

  it('say what they are', () =>
    expect(answerByTemplate([user('Hello there')]).text).toContain('without a language model'));
});

describe('The built-in provider', () => {
  const message = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant'),
    content: fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.lorem({ mode: 'sentences' }),
      fc.constant('list: a. b. c.'),
      fc.constant(null),
    ),
  });

  it('gives the same answer again, and streams that very answer', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
        fc.boolean(),
        async (messages, maxTokens, wantsJson) => {
          const request = asking(messages, { maxTokens, wantsJson });
          const answer = await whole(request);
          expect(await whole(request)).toEqual(answer);
          const chunks = await streamed(request);
          const [choice] = answer.choices;
          expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(choice.message.content);
          expect(chunks.at(-1)).toMatchObject({ choices: [], usage: answer.usage });
          expect(chunks.at(-2).choices[0].finish_reason).toBe(choice.finish_reason);
          expect(answer.usage.completion_tokens).toBeLessThanOrEqual(maxTokens ?? Infinity);
          expect(choice.message.content.isWellFormed()).toBe(true);
        },
      ),
    );
  });

  it('cuts at max_tokens and says so', async () => {
    const { choices, usage } = await whole(asking([user('Hello')], { maxTokens: 2 }));
    expect(choices[0]).toMatchObject({ message: { role: 'assistant', content: 'You wrot' }, finish_reason: 'length' });
    expect(usage).toEqual({ prompt_tokens: 6, completion_tokens: 2, total_tokens: 8 });
  });

  it('answers JSON where JSON is asked for', async () => {
    const { choices } = await whole(asking([user('List: a. b.')], { wantsJson: true }));
    expect(JSON.parse(choices[0].message.content)).toMatchObject({ template: 'list', answer: '- a.\n- b.' });
  });

  it('reads a megabyte in no time to speak of', async () => {
    const { choices } = await whole(asking([user(`summarize: ${'word. '.repeat(170_000)}`)]));
    expect(choices[0].message.content.length).toBeLessThan(1_000);
  });
});
