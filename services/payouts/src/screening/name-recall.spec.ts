import { jaroWinkler } from '@skyra/jaro-winkler';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AlikeWords } from './alike-words.js';
import { nameScore, SAME_WORD } from './match-names.js';
import { NameIndex } from './name-index.js';
import { wordsOf } from './names.js';
import type { ListEntry } from './sanctions-list.js';

/** Made up; what follows a name is how else it is written: transliterated, mistyped, in another order. */
const LISTED: readonly (readonly [name: string, ...others: string[]])[] = [
  ['Muammar Gaddafi', 'Muammar Qaddafi', 'Moammar Kaddafi', 'Gadafi Muammar'],
  ['Yusuf Ibrahim Karimov', 'Jusuf Ibrahim Karimov', 'Yusuf Ibragim Karimov', 'Karimov Yusuf'],
  ['Khalid Shaykh Mansour', 'Halid Mansour', 'Khaled Mansur', 'Mansour, Khalid'],
  ['Zhang Weimin', 'Chang Weimin', 'Zhang Wei Min', 'Zahng Weimin'],
  ['Viktor Petrenko', 'Victor Petrenko', 'Wiktor Petrenko', 'Viktor Petrneko'],
  ['Goran Djordjevic', 'Goran Đorđević', 'Goran Dordevic', 'Djordjevic Goran'],
  ['Aleksandr Chernov', 'Alexander Chernov', 'Aleksandr Tchernov', 'Aleksadnr Chernov'],
  ['Qasem Rahimi', 'Kasem Rahimi', 'Ghasem Rahimi', 'Rahimi Qasem'],
  ['Cemal Öztürk', 'Jemal Ozturk', 'Cemal Oeztuerk', 'Ozturk Cemal'],
  ['Xavier Etxeberria', 'Javier Etxeberria', 'Xavier Echeberria', 'Xabier Etxeberria'],
];
/** Nobody on the list, though alike in part. */
const OTHERS = [
  'Muammar Hassan',
  'Ibrahim Hassanov',
  'Khalid Rahimi',
  'Zhang Li',
  'Viktor Chernov',
  'Goran Petrenko',
  'Alexander Petrov',
  'Qasem Mansour',
  'Cemal Yilmaz',
  'Javier Gonzalez',
  'Anna Schneider',
  'John Smith',
  'Maria Garcia Lopez',
  'Li Na',
  'Peter Karim',
  'Ann Lee',
];

const entries = LISTED.map(
  ([name], n): ListEntry => ({
    key: String(n),
    name,
    aliases: [],
    birthYears: [],
    country: undefined,
    program: undefined,
  }),
);
const index = new NameIndex(entries, jaroWinkler);
const found = (name: string, threshold: number): string[] =>
  index.find({ names: [name], birthYear: undefined }, threshold).map(({ entry }) => entry.key);

describe('A list of names, written in other ways', () => {
  const written = LISTED.flatMap(([, ...others], n) => others.map((other) => [other, String(n)] as const));
  const recall = (threshold: number): number =>
    written.filter(([name, key]) => found(name, threshold).includes(key)).length / written.length;

  it('is found by nearly all of them, and by nobody else', () => {
    const missed = written.filter(([name, key]) => !found(name, 88).includes(key)).map(([name]) => name);
    expect(OTHERS.filter((name) => found(name, 88).length > 0)).toEqual([]);
    expect({ missed: missed.length <= 3, names: missed }).toEqual({ missed: true, names: missed });
    expect(written.filter(([name, key]) => found(name, 88).some((each) => each !== key))).toEqual([]);
  });

  it('is found by fewer where the tenant asks for more', () => {
    expect(recall(100)).toBeLessThan(recall(88));
    expect(recall(88)).toBeLessThanOrEqual(recall(75));
  });
});

describe('Words that are alike', () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('abcdefgkqxyzжшы')), minLength: 1, maxLength: 12 });

  it('are all found, whatever letter they begin with', () => {
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 40 }), word, (words, asked) => {
        const all = words.filter(
          (other) => Math.max(jaroWinkler(asked, other), jaroWinkler(other, asked)) >= SAME_WORD,
        );
        expect(new AlikeWords(words, jaroWinkler).of(asked)).toEqual(all);
      }),
      { numRuns: 300 },
    );
    const one = new AlikeWords(['gaddafi', 'kaddafi', 'zhang'], jaroWinkler);
    expect(one.of('qaddafi')).toEqual(['gaddafi', 'kaddafi']);
  });

  it('make a list find what comparing with every single name would find', () => {
    const name = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(name, { maxLength: 12 }), name, (names, asked) => {
        const list = names.map((each, n) => ({ ...entries[0]!, key: String(n).padStart(2, '0'), name: each }));
        const all = list
          .filter((each) => nameScore(wordsOf(asked), wordsOf(each.name), jaroWinkler) >= 80)
          .map(({ key }) => key);
        const matches = new NameIndex(list, jaroWinkler).find({ names: [asked], birthYear: undefined }, 80);
        expect(matches.map(({ entry }) => entry.key).toSorted()).toEqual(all);
      }),
      { numRuns: 100 },
    );
  });
});
