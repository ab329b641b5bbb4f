import { type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { repeat } from '@dailydoco/service';
import { gauge } from '@dailydoco/telemetry';
import { LedgerStore } from '../ledger/ledger.store.js';
import { destinations } from '../methods/methods.module.js';
import type { RailReport } from '../rails/rail.js';
import type { Runtime } from '../runtime.js';
import { type BatchGiven, batchPayouts } from './batch-payouts.js';
import { BatchStore, readCandidates, readWaitingGroups } from './batch.store.js';
import { measureSteps } from './payout-measures.module.js';
import { PayoutStore } from './payout.store.js';
import { type Applied, receiveReports } from './receive-reports.js';
import { screenPayouts } from './screen-payouts.js';
import { type SubmitGiven, submitPayouts } from './submit-payouts.js';
import { claimPayouts, measurePayouts, WorkStore } from './work.store.js';

const MEASURE_EVERY_MS = 15_000;
const BATCH_EVERY_MS = 5_000;
/** A rail that has not answered by then has lost the answer; a claim lasts three times as long. */
const RAIL_TIMEOUT_MS = 10_000;

const oldestUnsettled = gauge('dailydoco_payouts_oldest_unsettled_age_seconds');
const oldestUnknown = gauge('dailydoco_payouts_oldest_unknown_age_seconds');
const waiting = gauge('dailydoco_payouts_waiting_items');

type Tools = Pick<
  Runtime,
  'pool' | 'outbox' | 'clock' | 'newId' | 'randomBytes' | 'rails' | 'screens' | 'config' | 'logger'
>;

/** What works on payouts by itself: screening, the way to the rails, files, measuring. */
export function addPayoutWork(runtime: Runtime): void {
  const { pool, clock, config } = runtime;
  repeat(runtime, { name: 'payouts', everyMs: config.PAYOUT_WORK_EVERY_MS, run: () => payoutRound(runtime) });
  repeat(runtime, { name: 'payout-batches', everyMs: BATCH_EVERY_MS, run: () => batchPayouts(batchGiven(runtime)) });
  repeat(runtime, {
    name: 'payout-age',
    everyMs: MEASURE_EVERY_MS,
    run: async () => {
      const found = await measurePayouts(pool, clock.now());
      oldestUnsettled.set(found.oldestUnsettledSeconds);
      oldestUnknown.set(found.oldestUnknownSeconds);
      for (const [status, count] of found.waiting) waiting.set(count, { status });
      return false;
    },
  });
}

/** One round of everything that is due for a rail that is called. */
export async function payoutRound(runtime: Tools): Promise<boolean> {
  const { pool, clock, screens } = runtime;
  const screened = await inDatabaseTransaction(pool, (tx) =>
    screenPayouts(new WorkStore(tx, booksOf(runtime, tx)), { screens: screens(tx), now: clock.now() }),
  );
  measureSteps(screened.changed);
  const submitted = await submitPayouts(submitGiven(runtime));
  return screened.more || submitted;
}

/**
 * Receives what rails told by themselves, in a database transaction of its own; see receiveReports. At most some
 * hundreds at once.
 */
export async function receiveRailReports(
  runtime: Tools,
  reports: readonly RailReport[],
): Promise<(Applied | undefined)[]> {
  const { pool, clock } = runtime;
  const { applied, changed } = await inDatabaseTransaction(pool, (tx) =>
    receiveReports(new PayoutStore(tx, booksOf(runtime, tx)), reports, clock.now()),
  );
  measureSteps(changed);
  return applied;
}

function submitGiven(runtime: Tools): SubmitGiven {
  const { pool, rails, clock, logger } = runtime;
  return {
    claim: (what) => inDatabaseTransaction(pool, (tx) => claimPayouts(tx, what)),
    rails,
    destinations: destinations(runtime),
    inTransaction: (work) => inDatabaseTransaction(pool, (tx) => work(new WorkStore(tx, booksOf(runtime, tx)))),
    clock,
    timeoutMs: RAIL_TIMEOUT_MS,
    taken: measureSteps,
    failed: ({ id }, err) => logger.warn({ err, payoutId: id }, 'the rail gave no answer; it will be asked again'),
  };
}

function batchGiven(runtime: Tools): BatchGiven {
  const { pool, rails, clock, newId, config } = runtime;
  return {
    waiting: (kinds, now) => readWaitingGroups(pool, kinds, now),
    candidates: (group, now, limit) => readCandidates(pool, group, { now, limit }),
    rails,
    destinations: destinations(runtime),
    inTransaction: (work) => inDatabaseTransaction(pool, (tx) => work(new BatchStore(tx, booksOf(runtime, tx)))),
    clock,
    newId,
    maxAgeMs: config.PAYOUT_BATCH_AFTER_MS,
    taken: measureSteps,
  };
}

function booksOf(runtime: Tools, tx: DatabaseTransaction) {
  return { ledger: new LedgerStore(tx, runtime), outbox: runtime.outbox };
}
