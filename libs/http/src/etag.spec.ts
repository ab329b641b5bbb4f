import { describe, expect, it } from '@jest/globals';
import { etagOf, isNotModified } from './etag.js';

const ETAG = etagOf(new Uint8Array(32));
const OTHER = etagOf(new Uint8Array(32).fill(1));

describe('If-None-Match', () => {
  it.each([
    [undefined, false],
    ['', false],
    ['*', true],
    [ETAG, true],
    [`W/${ETAG}`, true],
    [OTHER, false],
    [`${OTHER}, ${ETAG}`, true],
    [`${OTHER},W/${ETAG}`, true],
    [ETAG.slice(1, -1), false],
    [`${ETAG.slice(0, -1)}x"`, false],
  ])('%p matches: %p', (header, expected) => {
    expect(isNotModified(header, ETAG)).toBe(expected);
  });
});
