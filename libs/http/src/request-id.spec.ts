import { describe, expect, it } from '@jest/globals';
import { requestIdOf } from './request-id.js';

const idFor = (given?: string): string =>
  requestIdOf({ headers: given === undefined ? {} : { 'x-request-id': given } });

describe('the request id', () => {
  it.each(['a', 'abc-123', '~'.repeat(128)])('is the client’s own: %s', (given) => {
    expect(idFor(given)).toBe(given);
  });

  it.each(['', ' ', 'a b', 'a\tb', 'ä', 'x'.repeat(129), 'a\u007f'])('is a new one instead of %j', (given) => {
    expect(idFor(given)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is a new one without a header, each time', () => {
    expect(idFor()).not.toBe(idFor());
  });
});
