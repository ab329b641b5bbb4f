import type { Case } from './case.js';
import { NETWORK_CASES } from './network.js';
import { PROCESS_CASES } from './processes.js';
import { ROLLING_CASE } from './rolling.js';

export const ALL_CASES: readonly Case[] = [...NETWORK_CASES, ...PROCESS_CASES, ROLLING_CASE];

/** Those whose title has the word, all without one. */
export function casesWith(word: string | undefined): Case[] {
  return ALL_CASES.filter(({ title }) => word === undefined || title.toLowerCase().includes(word.toLowerCase()));
}
