import { AlikeWords } from './alike-words.js';
import { nameScore, type Similarity } from './match-names.js';
import { wordsOf } from './names.js';
import type { ListEntry, Subject } from './sanctions-list.js';

/** Born further apart than this, by what both sides say, two people are hardly the same. */
const BIRTH_YEARS_APART = 2;
/** What it takes from the score. */
const OTHER_BIRTH = 15;
/** Words whose likes are remembered, so that frequent first names cost once. */
const REMEMBERED_WORDS = 20_000;

interface IndexedName {
  readonly entryAt: number;
  readonly words: readonly string[];
}

/**
 * The names of one version of a list, made to be searched: a name is held against those only that have words alike,
 * which finds whatever comparing it with all of them would.
 */
export class NameIndex {
  readonly #entries: readonly ListEntry[];
  readonly #similarity: Similarity;
  readonly #names: IndexedName[] = [];
  readonly #namesOfWord = new Map<string, number[]>();
  readonly #words: AlikeWords;
  readonly #namesOfJoined = new Map<string, number[]>();
  readonly #alike = new Map<string, readonly string[]>();

  constructor(entries: readonly ListEntry[], similarity: Similarity) {
    this.#entries = entries;
    this.#similarity = similarity;
    entries.forEach(({ name, aliases }, entryAt) => [name, ...aliases].forEach((each) => this.#add(each, entryAt)));
    this.#words = new AlikeWords([...this.#namesOfWord.keys()], similarity);
  }

  /** The entries that match from the score on, each once with its best name, the best first. */
  find(subject: Subject, threshold: number): { entry: ListEntry; score: number }[] {
    const best = new Map<number, number>();
    for (const name of subject.names) {
      const words = wordsOf(name);
      for (const at of this.#candidates(words)) {
        const candidate = this.#names[at];
        if (candidate === undefined) continue;
        const score = nameScore(words, candidate.words, this.#similarity);
        best.set(candidate.entryAt, Math.max(score, best.get(candidate.entryAt) ?? 0));
      }
    }
    return [...best]
      .flatMap(([at, nameOnly]) => {
        const entry = this.#entries[at];
        return entry === undefined ? [] : [{ entry, score: nameOnly - birthPenalty(entry, subject) }];
      })
      .filter(({ score }) => score >= threshold)
      .toSorted((a, b) => b.score - a.score || (a.entry.key < b.entry.key ? -1 : 1));
  }

  #add(name: string, entryAt: number): void {
    const words = wordsOf(name);
    if (words.length === 0) return;
    const at = this.#names.push({ entryAt, words }) - 1;
    push(this.#namesOfJoined, words.join(''), at);
    for (const word of new Set(words)) push(this.#namesOfWord, word, at);
  }

  /** Names worth a comparison: equal but for spaces, or with enough words alike to score at all. */
  #candidates(words: readonly string[]): Set<number> {
    const candidates = new Set(this.#namesOfJoined.get(words.join('')));
    const agreed = new Map<number, number>();
    for (const word of words) {
      const names = new Set(this.#likesOf(word).flatMap((like) => this.#namesOfWord.get(like) ?? []));
      for (const at of names) agreed.set(at, (agreed.get(at) ?? 0) + 1);
    }
    for (const [at, count] of agreed) {
      if (count > 1 || words.length === 1 || this.#names[at]?.words.length === 1) candidates.add(at);
    }
    return candidates;
  }

  #likesOf(word: string): readonly string[] {
    const known = this.#alike.get(word);
    if (known !== undefined) return known;
    const likes = this.#words.of(word);
    if (this.#alike.size >= REMEMBERED_WORDS) this.#alike.clear();
    this.#alike.set(word, likes);
    return likes;
  }
}

function birthPenalty({ birthYears }: ListEntry, { birthYear }: Subject): number {
  if (birthYear === undefined || birthYears.length === 0) return 0;
  return birthYears.some((year) => Math.abs(year - birthYear) <= BIRTH_YEARS_APART) ? 0 : OTHER_BIRTH;
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}
