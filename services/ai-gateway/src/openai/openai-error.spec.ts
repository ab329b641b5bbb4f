import { describe, expect, it } from '@jest/globals';
import { DomainError, type Reason, toProblem } from '@dailydoco/errors';
import { openAiErrorFrom, openAiErrorOf, readOpenAiError } from './openai-error.js';

describe('A problem in OpenAI’s words', () => {
  it.each<[Reason, string, string]>([
    ['UNAUTHENTICATED', 'invalid_request_error', 'invalid_api_key'],
    ['SCOPE_MISSING', 'permission_error', 'scope_missing'],
    ['MODEL_NOT_FOUND', 'invalid_request_error', 'model_not_found'],
    ['PAYLOAD_TOO_LARGE', 'invalid_request_error', 'payload_too_large'],
    ['RATE_LIMITED', 'rate_limit_error', 'rate_limit_exceeded'],
    ['UPSTREAM_FAILED', 'server_error', 'upstream_failed'],
    ['UNAVAILABLE', 'server_error', 'unavailable'],
  ])('%s is a %s with the code %s', (reason, type, code) => {
    const { error } = openAiErrorOf(toProblem(new DomainError(reason, { detail: 'why' })));
    expect(error).toEqual({ message: 'why', type, param: null, code });
  });

  it('names the field that is to blame', () => {
    const fieldErrors = [{ path: 'messages', message: 'too few' }];
    expect(openAiErrorFrom(new DomainError('VALIDATION_FAILED', { fieldErrors })).error).toMatchObject({
      param: 'messages',
      message: 'messages: too few',
    });
  });

  it('says nothing about a bug', () => {
    expect(JSON.stringify(openAiErrorFrom(new Error('a secret')))).not.toContain('secret');
  });
});

describe('An error that a provider sent', () => {
  it.each<[unknown, object | undefined]>([
    [
      { error: { message: 'm', type: 't', param: 'p', code: 'context_length_exceeded' } },
      { message: 'm', type: 't', param: 'p', code: 'context_length_exceeded' },
    ],
    [
      { error: { message: 'm', code: 1210 } },
      { message: 'm', type: 'invalid_request_error', param: null, code: '1210' },
    ],
    [{ error: 'plain' }, { message: 'plain', type: 'invalid_request_error', param: null, code: null }],
    [
      { object: 'error', message: 'm', type: 'BadRequestError' },
      { message: 'm', type: 'BadRequestError', param: null, code: null },
    ],
    [{ error: { message: 7 } }, undefined],
    [{}, undefined],
    ['text', undefined],
    [null, undefined],
  ])('is read from %j', (sent, error) => expect(readOpenAiError(sent, 400)).toEqual(error));

  it('has texts of bounded length', () => {
    expect(readOpenAiError({ error: 'x'.repeat(1_000_000) }, 400)?.message).toHaveLength(2_001);
  });
});
