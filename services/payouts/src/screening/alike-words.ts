import { SAME_WORD, type Similarity } from './match-names.js';

/**
 * How alike words must be by Jaro's measure to come to SAME_WORD by Jaro-Winkler's: a common beginning adds at most half
 * of what is missing, and another first letter nothing.
 */
const SAME_BEGINNING = 0.7;
const OTHER_BEGINNING = SAME_WORD;

/** Words that remember which letters they have, so that most of them need not be compared with another at all. */
export class AlikeWords {
  readonly #similarity: Similarity;
  readonly #words: readonly string[];
  readonly #lengths: Uint16Array;
  readonly #letters: Int32Array;
  readonly #firsts: Uint16Array;

  constructor(words: readonly string[], similarity: Similarity) {
    this.#similarity = similarity;
    this.#words = words;
    this.#lengths = Uint16Array.from(words, (word) => lengthOf(word));
    this.#letters = Int32Array.from(words, lettersOf);
    this.#firsts = Uint16Array.from(words, (word) => word.charCodeAt(0));
  }

  /**
   * All of the words that are alike by SAME_WORD, whatever letter they begin with. Only those are compared of which their
   * lengths and letters do not tell already that they cannot be: what two words have in common is at most what is left of
   * each without the letters that the other lacks.
   */
  of(word: string): string[] {
    const [length, letters, first] = [lengthOf(word), lettersOf(word), word.charCodeAt(0)];
    const alike: string[] = [];
    for (let at = 0; at < this.#words.length; at += 1) {
      const [otherLength, otherLetters] = [this.#lengths[at] ?? 0, this.#letters[at] ?? 0];
      const common = Math.min(length - bitsOf(letters & ~otherLetters), otherLength - bitsOf(otherLetters & ~letters));
      const least = this.#firsts[at] === first ? SAME_BEGINNING : OTHER_BEGINNING;
      if ((common / length + common / otherLength + 1) / 3 < least - ROUNDING) continue;
      const other = this.#words[at] ?? '';
      if (other === word || this.#isAlike(word, other)) alike.push(other);
    }
    return alike;
  }

  /** In either direction: which letters are counted as common may depend on the word that is gone through first. */
  #isAlike(word: string, other: string): boolean {
    return this.#similarity(word, other) >= SAME_WORD || this.#similarity(other, word) >= SAME_WORD;
  }
}

/** So much may be lost where fractions are summed in another order. */
const ROUNDING = 1e-9;

/** In code points, as the measure counts. */
function lengthOf(word: string): number {
  return Array.from(word).length;
}

/** A bit for each letter that is there; letters of larger alphabets share bits, which only lets more words through. */
function lettersOf(word: string): number {
  let letters = 0;
  for (const letter of word) letters |= 1 << ((letter.codePointAt(0) ?? 0) & 31);
  return letters;
}

function bitsOf(set: number): number {
  let left = set - ((set >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
