import { describe, expect, it } from '@jest/globals';
import { DomainError, REASONS, isReason, toProblem } from './index.js';

describe('a problem', () => {
  it.each(Object.keys(REASONS).filter(isReason))('of %s carries its code, status and type', (reason) => {
    const problem = toProblem(new DomainError(reason, { detail: 'What happened.' }));
    expect(problem).toEqual({
      type: `urn:dailydoco:problem:${reason.toLowerCase().split('_').join('-')}`,
      title: REASONS[reason].title,
      status: REASONS[reason].http,
      detail: 'What happened.',
      code: reason,
    });
  });

  it('names every wrong field, and the trace', () => {
    const fieldErrors = [
      { path: 'amount.amount', message: 'must be positive' },
      { path: 'stream', message: 'must be a slug' },
    ];
    expect(toProblem(new DomainError('VALIDATION_FAILED', { fieldErrors }), 'abc')).toMatchObject({
      errors: fieldErrors,
      traceId: 'abc',
    });
  });

  it.each([
    new Error('connect ECONNREFUSED 10.0.0.7:5432'),
    new TypeError('secret'),
    'a thrown text',
    undefined,
    { reason: 'NOT_FOUND', detail: 'looks like ours' },
  ])('of something else than a DomainError (%s) says nothing about it', (error) => {
    expect(toProblem(error, 'abc')).toEqual({
      type: 'urn:dailydoco:problem:internal',
      title: 'Something went wrong on our side.',
      status: 500,
      detail: 'Something went wrong on our side.',
      code: 'INTERNAL',
      traceId: 'abc',
    });
  });

  it('holds neither cause nor metadata nor stack', () => {
    const error = new DomainError('CONFLICT', { cause: new Error('beneath'), metadata: { internal: 'fact' } });
    expect(Object.keys(toProblem(error)).toSorted()).toEqual(['code', 'detail', 'status', 'title', 'type']);
  });
});
