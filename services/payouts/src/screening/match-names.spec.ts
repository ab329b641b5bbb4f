import { jaroWinkler } from '@skyra/jaro-winkler';
import { describe, expect, it } from '@jest/globals';
import { nameScore } from './match-names.js';
import { NameIndex } from './name-index.js';
import { wordsOf } from './names.js';
import type { ListEntry } from './sanctions-list.js';

describe('The words of a name', () => {
  it.each([
    ['José Martínez-Gómez', ['jose', 'martinez', 'gomez']],
    ["O'Neil, Seán", ['oneil', 'sean']],
    ['ŁUKASZ Øre Strauß', ['lukasz', 'ore', 'strauss']],
    ['Ｊｏｈｎ　Ｓｍｉｔｈ', ['john', 'smith']],
    ['Dr. J. R. Smith Jr.', ['j', 'r', 'smith']],
    ['Miss', ['miss']],
    ['Иван Петров', ['иван', 'петров']],
    ['…', []],
  ])('%s', (name, words) => {
    expect(wordsOf(name)).toEqual(words);
  });
});

const score = (a: string, b: string): number => nameScore(wordsOf(a), wordsOf(b), jaroWinkler);
/** What a tenant goes by unless it is set. */
const THRESHOLD = 88;

describe('Two names', () => {
  it.each([
    ['in other order, case and punctuation', 'KADYROV, Ramzan Akhmatovich', 'ramzan akhmatovich kadyrov', 100],
    ['that differ in spaces', 'Al Assad Bashar', 'AlAssad Bashar', 100],
    ['with accents and without', 'Nicolás Maduro Moros', 'Nicolas Maduro Moros', 100],
    ['one with a middle name', 'John Smith', 'John Michael Smith', 98],
    ['of one word, the same', 'Prachanda', 'PRACHANDA', 100],
  ])('%s score exactly', (_, a, b, expected) => {
    expect([score(a, b), score(b, a)]).toEqual([expected, expected]);
  });

  it.each([
    ['a letter more', 'Muhammad Hussein', 'Mohammad Husein'],
    ['two letters swapped', 'Vladimir Putin', 'Valdimir Putin'],
    ['an initial for a middle name', 'Osama M. Rashid', 'Osama Rashid'],
  ])('with %s are found', (_, a, b) => {
    expect(score(a, b)).toBeGreaterThanOrEqual(THRESHOLD);
    expect(score(b, a)).toBe(score(a, b));
  });

  it.each([
    ['have only the first name in common', 'Muhammad Hussein', 'Muhammad Iqbal'],
    ['have only the last name in common', 'Anna Schneider', 'Peter Schneider'],
    ['are one word and several', 'Ali', 'Ali Hassan'],
    ['are of other scripts', 'Ivan Petrov', 'Иван Петров'],
    ['are nothing', '', 'Ivan Petrov'],
  ])('that %s are not', (_, a, b) => {
    expect(score(a, b)).toBeLessThan(THRESHOLD);
    expect(score(b, a)).toBeLessThan(THRESHOLD);
  });
});

const entry = (key: string, name: string, more: Partial<ListEntry> = {}): ListEntry => ({
  key,
  name,
  aliases: [],
  birthYears: [],
  country: undefined,
  program: undefined,
  ...more,
});

describe('A list', () => {
  const entries = [
    entry('1', 'ESCOBAR, Pablo', { aliases: ['El Patron Escobar'], birthYears: [1949] }),
    entry('2', 'Prachanda'),
    entry('3', 'Pablo Escobar Gaviria'),
    entry('4', 'Petra Escobar'),
  ];
  const index = new NameIndex(entries, jaroWinkler);
  const found = (name: string, birthYear?: number, threshold = THRESHOLD) =>
    index.find({ names: [name], birthYear }, threshold).map((match) => [match.entry.key, match.score]);

  it('is searched by names and aliases, the best first', () => {
    expect(found('Pablo Escobar')).toEqual([
      ['1', 100],
      ['3', 98],
    ]);
    expect(found('el patrón escobar')).toEqual([['1', 100]]);
    expect(found('Nobody Known')).toEqual([]);
    expect(found('')).toEqual([]);
  });

  it('finds by any of several names of one person, each entry once', () => {
    const matches = index.find({ names: ['Anna Meyer', 'Prachanda', 'prachanda'], birthYear: undefined }, THRESHOLD);
    expect(matches.map(({ entry: { key } }) => key)).toEqual(['2']);
  });

  it('believes that people born years apart are hardly the same', () => {
    expect(found('Pablo Escobar', 1951)[0]).toEqual(['1', 100]);
    expect(found('Pablo Escobar', 1990)).toEqual([['3', 98]]);
    expect(found('Pablo Escobar', 1990, 85)).toEqual([
      ['3', 98],
      ['1', 85],
    ]);
  });

  it('finds what comparing with every single name would find', () => {
    const names = [
      'Pablo Eskobar',
      'Escobar',
      'Pablo',
      'Petra Escobar Gaviria',
      'PatronEscobar El',
      'Prachandar',
      'P Escobar',
    ];
    for (const name of names) {
      const all = entries
        .filter((each) => [each.name, ...each.aliases].some((listed) => score(name, listed) >= 80))
        .map(({ key }) => key);
      expect([name, new Set(found(name, undefined, 80).map(([key]) => key))]).toEqual([name, new Set(all)]);
    }
  });
});
