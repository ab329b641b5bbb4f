import { DomainError } from '@dailydoco/errors';
import { Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { domainErrorOf, statusErrorOf, statusNameOf } from './wire-status.js';

describe('a status', () => {
  it('can always be percent-encoded, whatever the detail holds', () => {
    const { details } = statusErrorOf(new DomainError('CONFLICT', { detail: 'half \ud83d of it' }));
    expect(() => encodeURI(details)).not.toThrow();
  });

  it('of a bug says nothing of it', () => {
    const sent = statusErrorOf(new Error('password=hunter2'));
    expect(JSON.stringify([sent.message, sent.details, sent.metadata.toJSON()])).not.toContain('hunter2');
  });

  it('without our details is judged by its number', () => {
    const own = Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: 'x', metadata: new Metadata() });
    expect(domainErrorOf(own)).toMatchObject({ name: 'DomainError', reason: 'UNAVAILABLE' });
  });

  it('is not made of an error that is none', () => {
    const bug = new TypeError('x is not a function');
    expect(domainErrorOf(bug)).toBe(bug);
  });
});

describe('the name of a status', () => {
  it.each([
    [undefined, 'OK'],
    [new DomainError('BUYER_UNKNOWN'), 'NOT_FOUND'],
    [new DomainError('CANCELLED'), 'CANCELLED'],
    [new Error('a bug'), 'INTERNAL'],
  ])('of %s is %s', (error, name) => {
    expect(statusNameOf(error)).toBe(name);
  });
});
