import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { toLatin } from './latin.js';

describe('a name for a bank', () => {
  it.each([
    ['Łukasz Müller-Groß', 'Lukasz Muller-Gross'],
    ['Ærøskøbing ÅÄÖ', 'Aeroskobing AAO'],
    ['Þórður Ñandú', 'Thordur Nandu'],
    ['Γιώργος Παπαδόπουλος', 'Giorgos Papadopoylos'],
    ['Щерю Йовков', 'Shteryu Yovkov'],
    ['Ağaoğlu İnşaat', 'Agaoglu Insaat'],
    ['Tom & Jerry <b>"x"</b>', "Tom + Jerry .b.'x'./b."],
    ['a//b/', 'a/b'],
    ['//', '.'],
    ['\u0000\u202e', '..'],
    ['王', '.'],
    ['😀 Zoë', '. Zoe'],
    ['', '.'],
    ['O’Neil\tand\nSons', "O'Neil and Sons"],
    ['ﬁnance Ⅷ', 'finance VIII'],
  ])('%j is written %j', (name, written) => {
    expect(toLatin(name, 70)).toBe(written);
  });

  it('is always made of what every bank takes, never empty, never too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 1, max: 140 }), (name, max) => {
        const written = toLatin(name, max);
        expect(written).toMatch(/^(?!\/| )(?!.*\/\/)[A-Za-z0-9/\-?:().,'+ ]+(?<!\/| )$/);
        expect(written.length).toBeLessThanOrEqual(max);
      }),
      { numRuns: 50 },
    );
  });
});
