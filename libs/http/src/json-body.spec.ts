import { describe, expect, it } from '@jest/globals';
import { nestsDeeperThan } from './json-body.js';

describe('nestsDeeperThan', () => {
  it.each([
    ['[[[]]]', 3, false],
    ['[[[]]]', 2, true],
    ['[[],[],[],[]]', 2, false],
    ['{"a":{"b":[1]}}', 2, true],
    ['["[[[[[["]', 1, false],
    ['["\\"[[[[", [1]]', 2, false],
    ['["\\\\", [[1]]]', 2, true],
    ['7', 0, false],
  ])('%s deeper than %i: %p', (text, depth, deeper) => {
    expect(nestsDeeperThan(text, depth)).toBe(deeper);
  });
});
