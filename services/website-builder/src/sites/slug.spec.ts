import { describe, expect, it } from '@jest/globals';
import { isSlug, slugsFor } from './slug.js';

const bytes = (count: number) => new Uint8Array(count).fill(0xab);

describe('The slugs tried for a name', () => {
  it.each([
    ['My Shop', ['my-shop', 'my-shop-ababab']],
    ['Ada’s page', ['adas-page', 'adas-page-ababab']],
    ['  Crème brûlée!  ', ['creme-brulee', 'creme-brulee-ababab']],
    ['--- A -- B ---', ['a-b', 'a-b-ababab']],
    ['ab', ['ab-ababab']],
    ['日本語', ['site-ababab']],
    ['!', ['site-ababab']],
    ['x'.repeat(100), ['x'.repeat(63), `${'x'.repeat(56)}-ababab`]],
    [`${'x'.repeat(62)} y`, ['x'.repeat(62), `${'x'.repeat(56)}-ababab`]],
    [`${'x'.repeat(55)} yyy`, [`${'x'.repeat(55)}-yyy`, `${'x'.repeat(55)}-ababab`]],
  ])('%p are %p', (name, slugs) => {
    expect(slugsFor(name, bytes)).toEqual(slugs);
    expect(slugsFor(name, bytes).every(isSlug)).toBe(true);
  });
});

describe('A slug', () => {
  it.each(['abc', 'a-1', '---', '0'.repeat(63)])('may be %p', (text) => {
    expect(isSlug(text)).toBe(true);
  });

  it.each(['', 'ab', 'Abc', 'a_b', 'a.b', 'a/b', '../', 'ä-ö', 'a b', 'abc\n', '0'.repeat(64)])(
    'may not be %p',
    (text) => {
      expect(isSlug(text)).toBe(false);
    },
  );
});
