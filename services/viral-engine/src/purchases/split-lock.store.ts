import { prepared, type Sql } from '@dailydoco/database';

// One advisory lock stands between splits and whatever decides them besides the buyer: status, boost, moves, plans.
// Splits share it, so they never wait for each other; a change takes it alone, for one short database transaction. A
// suspension is therefore wholly before or wholly after each split. The number means nothing, it must only be ours.
const SPLIT_LOCK = 7_104_879_101;
const SHARE = prepared('SELECT pg_advisory_xact_lock_shared($1)');

/** Taken by everything that splits or releases, as the first statement: what is read afterwards stays true. */
export async function shareSplitLock(sql: Sql): Promise<void> {
  await sql.query(SHARE, [SPLIT_LOCK]);
}

/** Taken by everything that changes what splits decide by, as the first statement. */
export async function lockOutSplits(sql: Sql): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock($1)', [SPLIT_LOCK]);
}
