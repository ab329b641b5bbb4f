import type { Sql } from '@dailydoco/database';

// One advisory lock stands between moves and whatever goes by uplines for longer than one statement: registrations, and
// the counting of people and purchases for those above. They share it; a move takes it alone. Purchases take no part in
// it: the split lock keeps them out while a move writes. It comes before the split lock wherever both are taken. The
// number means nothing, it must only be ours.
const TREE_LOCK = 7_104_879_102;

/** Nobody moves from here to the end of the database transaction. */
export async function shareTree(sql: Sql): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock_shared($1)', [TREE_LOCK]);
}

/** Waits until nobody shares the tree and keeps it alone to the end of the database transaction. */
export async function lockTree(sql: Sql): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock($1)', [TREE_LOCK]);
}
