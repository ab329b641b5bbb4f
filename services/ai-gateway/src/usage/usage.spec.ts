import { describe, expect, it } from '@jest/globals';
import { bytesOfSaid, tokensOfMessages, tokensOfText } from './tokens.js';
import { readUsage } from './usage.js';

describe('The house’s count of tokens', () => {
  it.each([
    ['', 0],
    ['a', 1],
    ['abcd', 1],
    ['abcde', 2],
    ['日本', 2],
    ['😀', 1],
  ])('of %j is %d', (text, tokens) => expect(tokensOfText(text)).toBe(tokens));

  it('of a conversation is 4 a message, its texts and its tool calls', () => {
    expect(tokensOfMessages([{ role: 'user', content: 'abcdefgh' }])).toBe(6);
    expect(tokensOfMessages([{ role: 'user', content: [{ type: 'text', text: 'abcd' }, { type: 'image_url' }] }])).toBe(
      5,
    );
    expect(tokensOfMessages([{ role: 'assistant', content: null, tool_calls: ['abcdefgh'] }])).toBe(7);
  });

  it('of what was said counts every text in it but names', () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'abcd', arguments: '{"a":1}' } };
    expect(bytesOfSaid({ role: 'assistant', content: 'abcd', refusal: null, tool_calls: [call] })).toBe(15);
  });
});

describe('Reported usage', () => {
  it.each<[unknown, object | undefined]>([
    [
      { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
      { promptTokens: 3, completionTokens: 4 },
    ],
    [
      { prompt_tokens: 3, total_tokens: 3 },
      { promptTokens: 3, completionTokens: 0 },
    ],
    [{ prompt_tokens: -1, completion_tokens: 4 }, undefined],
    [{ prompt_tokens: 1.5, completion_tokens: 4 }, undefined],
    [{ prompt_tokens: '3', completion_tokens: 4 }, undefined],
    [{ completion_tokens: 4 }, undefined],
    [null, undefined],
    [undefined, undefined],
  ])('is read from %j', (sent, usage) => expect(readUsage(sent)).toEqual(usage));
});
