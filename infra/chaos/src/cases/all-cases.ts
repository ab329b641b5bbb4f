import type { Case } from './case.js';
import { NETWORK_CASES } from './network.js';
import { PROCESS_CASES } from './processes.js';
import { ROLLING_CASE } from './rolling.js';

export const ALL_CASES: readonly Case[] = [...NETWORK_CASES, ...PROCESS_CASES, ROLLING_CASE];

/** Those whose title has one of the words, all without any. */
export function casesWith(...words: readonly string[]): Case[] {
  const has = (title: string) => words.some((word) => title.toLowerCase().includes(word.toLowerCase()));
  return ALL_CASES.filter(({ title }) => words.length === 0 || has(title));
}
