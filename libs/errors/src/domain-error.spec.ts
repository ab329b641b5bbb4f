import { describe, expect, it } from '@jest/globals';
import { DomainError, isTransient } from './index.js';

describe('a DomainError', () => {
  it('says what the reason says when nothing more is told', () => {
    const error = new DomainError('NOT_FOUND');
    expect(error).toMatchObject({
      reason: 'NOT_FOUND',
      detail: 'There is nothing here.',
      fieldErrors: [],
      metadata: {},
      message: 'NOT_FOUND: There is nothing here.',
      name: 'DomainError',
    });
    expect(error).toBeInstanceOf(Error);
    expect('retryAfterSeconds' in error).toBe(false);
    expect('cause' in error).toBe(false);
  });

  it('keeps everything it was told', () => {
    const cause = new Error('beneath');
    const fieldErrors = [{ path: 'amount.amount', message: 'must be positive' }];
    const error = new DomainError('VALIDATION_FAILED', {
      detail: 'Two things are wrong.',
      fieldErrors,
      metadata: { limit: '3' },
      cause,
    });
    expect(error).toMatchObject({ detail: 'Two things are wrong.', fieldErrors, metadata: { limit: '3' }, cause });
  });

  it.each([
    [undefined, 1],
    [0, 0],
    [0.2, 1],
    [30, 30],
  ])('with retryAfterSeconds %s invites the caller back after %i whole seconds', (given, told) => {
    expect(new DomainError('OVERLOADED', { retryAfterSeconds: given }).retryAfterSeconds).toBe(told);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses retryAfterSeconds %d', (retryAfterSeconds) => {
    expect(() => new DomainError('OVERLOADED', { retryAfterSeconds })).toThrow(RangeError);
  });
});

describe('isTransient', () => {
  it.each([
    [new DomainError('UNAVAILABLE'), true],
    [new DomainError('OVERLOADED'), true],
    [new DomainError('DEADLINE_EXCEEDED'), true],
    [new DomainError('VALIDATION_FAILED'), false],
    [new DomainError('INTERNAL'), false],
    [new Error('UNAVAILABLE: not one of ours'), false],
    [{ reason: 'UNAVAILABLE' }, false],
    [undefined, false],
  ])('of %s is %s', (error, transient) => {
    expect(isTransient(error)).toBe(transient);
  });
});
