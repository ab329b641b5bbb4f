import type { Sql } from '@dailydoco/database';
import { type RepublishSelection, unpublishNext } from './outbox.store.js';

const BATCH = 5_000;

/**
 * Publishes events once more that are still in the outbox (seven days): the relay sends them again in the order of
 * their ids. Consumers that have seen them drop them. Selects by range of ids, time of writing, topic and aggregate; no
 * selection at all is refused. Returns how many.
 */
export async function republish(sql: Sql, selection: RepublishSelection): Promise<number> {
  if (Object.values(selection).every((value) => value === undefined)) throw new RangeError('nothing selected');
  let total = 0;
  // In batches of ascending ids, so that the relay, which may be at work already, meets each aggregate in its order.
  for (let afterId = '0'; ; ) {
    const { count, lastId } = await unpublishNext(sql, selection, { afterId, limit: BATCH });
    total += count;
    if (lastId === undefined) return total;
    afterId = lastId;
  }
}
