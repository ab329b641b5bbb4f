import type { Sql } from '@dailydoco/database';
import { PersonSealer } from '../person-keys/person-sealer.store.js';
import { recordSealer } from '../tax/tax-record.store.js';
import { type ListIndexes, LocalLists } from './list-indexes.store.js';
import { PersonNames } from './person-names.store.js';
import type { SanctionsList } from './sanctions-list.js';
import type { ScreeningBook } from './screen-people.js';
import { ScreeningStore } from './screening.store.js';

/** What screening needs besides the database. */
export interface ScreeningTools {
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly nameIndexes: ListIndexes;
  readonly config: { readonly KEY_ENCRYPTION_SECRET: string };
}

/** Screening in an open database transaction. */
export function screeningIn(sql: Sql, tools: ScreeningTools): { lists: SanctionsList; book: ScreeningBook } {
  const { clock, newId, randomBytes, nameIndexes } = tools;
  const secret = Buffer.from(tools.config.KEY_ENCRYPTION_SECRET, 'base64');
  const methods = new PersonSealer({ secret, use: 'payouts payout methods', randomBytes });
  const names = new PersonNames({ methods, records: recordSealer({ secret, randomBytes }), secret });
  const book = new ScreeningStore(sql, { subjectsOf: (tx, people) => names.subjectsOf(tx, people), clock, newId });
  return { lists: new LocalLists(sql, nameIndexes), book };
}
