/** Letters that no decomposition takes apart. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
};
/** Nobody's name: what stands before or after it. */
const TITLES = new Set([
  'mr',
  'mrs',
  'ms',
  'miss',
  'dr',
  'prof',
  'sir',
  'haji',
  'hajji',
  'sheikh',
  'shaykh',
  'jr',
  'sr',
]);
/** Words past this say nothing more, and would cost. */
const MAX_WORDS = 16;

/**
 * The words of a name in one spelling: NFKD without marks, lower case, without titles; apostrophes and dots join what
 * they part (`O'Neil` is `oneil`), all other punctuation parts words (`al-Assad` is `al`, `assad`). Scripts are not
 * converted: a name in Cyrillic meets names in Cyrillic only.
 */
export function wordsOf(name: string): string[] {
  const plain = name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[ßæœøđðþłħı]/g, (letter) => LETTERS[letter] ?? letter)
    .replaceAll(/['’ʼ`.]/g, '');
  const words = plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '');
  const named = words.filter((word) => !TITLES.has(word));
  // Somebody may really be called Miss.
  return (named.length === 0 ? words : named).slice(0, MAX_WORDS);
}
