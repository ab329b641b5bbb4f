import { randomBytes } from 'node:crypto';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { jaroWinkler } from '@skyra/jaro-winkler';
import type { Payout } from '../src/payouts/payout.js';
import type { FindingSource } from '../src/payouts/screen.js';
import { screens } from '../src/risk/screens.module.js';
import { ListIndexes } from '../src/screening/list-indexes.store.js';
import type { ScreeningTools } from '../src/screening/screening-in.store.js';
import { type Books, SEALING } from './books.js';

/** What screens need besides the database, as a process would have it. */
export function screeningTools({ clock }: Books): ScreeningTools {
  return { clock, newId, randomBytes, nameIndexes: new ListIndexes(jaroWinkler), config: SEALING };
}

/** The codes that a source finds about each payout, all screened in one database transaction. */
export async function findingsOf(
  books: Books,
  source: FindingSource,
  payouts: readonly Payout[],
  tools = screeningTools(books),
): Promise<string[][]> {
  const codes = new Map(payouts.map(({ id }): [string, string[]] => [id, []]));
  await inDatabaseTransaction(books.pool, async (tx) => {
    for (const screen of screens(tx, tools)) {
      for (const [id, found] of await screen.findingsOf(payouts)) {
        codes.get(id)?.push(...found.filter((each) => each.source === source).map(({ code }) => code));
      }
    }
  });
  return [...codes.values()];
}
