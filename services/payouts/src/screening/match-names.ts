/** How alike two words are, 0 to 1; 1 when they are equal. */
export type Similarity = (a: string, b: string) => number;

/** Less alike than this, two words are different words. */
export const SAME_WORD = 0.85;
/** What each word that only the longer name has takes from the score, and all of them at most. */
const EXTRA_WORD = 2;
const MAX_EXTRA = 10;

/**
 * How well two names match, 0 to 100. Each word of the shorter name (in letters) is held against the most alike word of
 * the other that is still free, whatever their order, and counts by its letters; words below SAME_WORD count nothing.
 * Every word that only the longer name has takes 2, at most 10: people leave out middle names. One word that agrees is
 * too little where both names have several: then the score is 0. Names that differ in spaces only match wholly.
 */
export function nameScore(a: readonly string[], b: readonly string[], similarity: Similarity): number {
  if (a.length === 0 || b.length === 0) return 0;
  if (a.join('') === b.join('')) return 100;
  const [shorter, longer] = letters(a) <= letters(b) ? [a, b] : [b, a];
  const free = [...longer];
  let [sum, agreed] = [0, 0];
  // The longest words first, so that an initial takes no word away from a name.
  for (const word of shorter.toSorted((x, y) => y.length - x.length)) {
    const best = mostAlike(word, free, similarity);
    if (best === undefined) continue;
    free.splice(best.at, 1);
    sum += best.similarity * word.length;
    agreed += 1;
  }
  if (agreed < 2 && shorter.length > 1 && longer.length > 1) return 0;
  // A single word is the whole of a name only where the other has no more.
  if (shorter.length === 1 && longer.length > 1) return Math.floor((100 * sum) / letters(longer));
  const extra = Math.min(MAX_EXTRA, EXTRA_WORD * (longer.length - agreed));
  return Math.max(0, Math.floor((100 * sum) / letters(shorter)) - extra);
}

function mostAlike(
  word: string,
  among: readonly string[],
  similarity: Similarity,
): { at: number; similarity: number } | undefined {
  let best: { at: number; similarity: number } | undefined;
  among.forEach((other, at) => {
    const alike = other === word ? 1 : similarity(word, other);
    if (alike >= SAME_WORD && alike > (best?.similarity ?? 0)) best = { at, similarity: alike };
  });
  return best;
}

function letters(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + word.length, 0);
}
