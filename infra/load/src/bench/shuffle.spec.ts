import { describe, expect, it } from '@jest/globals';
import { shuffled } from './shuffle.js';

const items = Array.from({ length: 500 }, (_, index) => index);

describe('shuffled', () => {
  it('has each item once, in another order, the same for the same seed', () => {
    const once = shuffled(items, 7);
    expect(once).not.toEqual(items);
    expect(once.toSorted((a, b) => a - b)).toEqual(items);
    expect(shuffled(items, 7)).toEqual(once);
    expect(shuffled(items, 8)).not.toEqual(once);
  });
});
