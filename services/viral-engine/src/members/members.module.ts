import { inDatabaseTransaction } from '@dailydoco/database';
import type { Runtime } from '../runtime.js';
import { Members } from './ensure-member.js';
import { MemberStore } from './member.store.js';

/** The way in for people of whom no event has told yet. */
export function membersOf({ pool, clock, newId, randomBytes, users, outbox }: Runtime): Members {
  return new Members({
    directory: users,
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new MemberStore(tx, { outbox, newId }))),
    clock,
    randomBytes,
  });
}
