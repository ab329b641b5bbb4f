import { describe, expect, it } from '@jest/globals';
import { AnswerBroken } from '../providers/provider.js';
import { StreamTally } from './stream-tally.js';
import { readWholeAnswer } from './whole-answer.js';

const said = (content: string, other = '') =>
  `{"id":"c","choices":[{"index":0,"delta":{"content":"${content}"}}]${other}}`;
const USAGE = '{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}';

describe('A stream for a caller who did not ask for the tokens', () => {
  const tally = () => new StreamTally({ wantsUsage: false });

  it('passes on chunks to the byte', () => {
    const odd = '{ "choices": [ {"delta":{"content":"\\u00e9"}} ], "x": 1.0 }';
    expect(tally().take(odd)).toBe(odd);
  });

  it('keeps back the chunk of tokens, and takes the empty usage out of the others', () => {
    const stream = tally();
    expect(stream.take(said('a', ',"usage":null,"n":1.0'))).toBe(
      '{"id":"c","choices":[{"index":0,"delta":{"content":"a"}}],"n":1.0}',
    );
    expect(stream.take(USAGE)).toBeUndefined();
    expect(stream.usage).toEqual({ promptTokens: 7, completionTokens: 3 });
  });

  it('passes on tokens that came with words', () => {
    const last = said('a', ',"usage":{"prompt_tokens":7,"completion_tokens":3}');
    const stream = tally();
    expect(stream.take(last)).toBe(last);
    expect(stream.usage).toEqual({ promptTokens: 7, completionTokens: 3 });
  });

  it('passes on chunks without choices that are no chunk of tokens', () => {
    const filter = '{"choices":[],"prompt_filter_results":[]}';
    expect(tally().take(filter)).toBe(filter);
  });
});

describe('A stream for a caller who asked for the tokens', () => {
  it('is passed on whole', () => {
    const stream = new StreamTally({ wantsUsage: true });
    for (const chunk of [said('a', ',"usage":null'), USAGE]) expect(stream.take(chunk)).toBe(chunk);
  });
});

describe('A stream', () => {
  it('is done at [DONE] and not before', () => {
    const stream = new StreamTally({ wantsUsage: false });
    stream.take('{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}');
    expect(stream.done).toBe(false);
    expect(stream.take('[DONE]')).toBeUndefined();
    expect(stream.done).toBe(true);
  });

  it('has its tokens counted while its provider reports none', () => {
    const stream = new StreamTally({ wantsUsage: false });
    for (const word of ['abc', 'def', 'ghi']) stream.take(said(word));
    expect([stream.usage, stream.estimatedTokens]).toEqual([undefined, 3]);
  });

  it.each(['not json', '[]', '1', 'null', '{}', '{"choices":{}}', '{"error":{"message":"overloaded"}}', ''])(
    'breaks at %j',
    (data) => expect(() => new StreamTally({ wantsUsage: false }).take(data)).toThrow(AnswerBroken),
  );

  it('keeps what the provider said about its breaking, and quotes no answer in errors', () => {
    const stream = new StreamTally({ wantsUsage: false });
    const error = { message: 'overloaded', type: 'server_error', param: null, code: 'busy' };
    expect(() => stream.take(JSON.stringify({ error }))).toThrow(expect.objectContaining({ said: error }));
    try {
      stream.take('{"choices": my secret');
    } catch (broken) {
      expect(String(broken) + String((broken as Error).cause)).not.toContain('secret');
    }
    expect.assertions(2);
  });
});

describe('A whole answer', () => {
  it('tells its tokens, or has them counted', () => {
    const choices = [{ message: { role: 'assistant', content: 'abcdefgh' } }];
    const usage = { prompt_tokens: 5, completion_tokens: 2 };
    expect(readWholeAnswer(JSON.stringify({ choices, usage })).usage).toEqual({ promptTokens: 5, completionTokens: 2 });
    expect(readWholeAnswer(JSON.stringify({ choices }))).toEqual({ usage: undefined, estimatedTokens: 2 });
  });

  it.each(['', '{"choices":[', '[]', 'null', '{}', '{"choices":1}', '{"error":{"message":"x"}}'])('is not %j', (text) =>
    expect(() => readWholeAnswer(text)).toThrow(AnswerBroken),
  );
});
