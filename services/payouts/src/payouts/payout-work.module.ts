import { inDatabaseTransaction } from '@dailydoco/database';
import { repeat } from '@dailydoco/service';
import { counter, gauge } from '@dailydoco/telemetry';
import { LedgerStore } from '../ledger/ledger.store.js';
import type { Runtime } from '../runtime.js';
import type { Payout } from './payout.js';
import { screenPayouts } from './screen-payouts.js';
import { type SubmitGiven, submitPayouts } from './submit-payouts.js';
import { claimPayouts, oldestUnsettledSeconds, WorkStore } from './work.store.js';

const MEASURE_EVERY_MS = 15_000;
/** A rail that has not answered by then has lost the answer; a claim lasts three times as long. */
const RAIL_TIMEOUT_MS = 10_000;

const steps = counter('dailydoco_payout_steps_total');
const oldestUnsettled = gauge('dailydoco_payouts_oldest_unsettled_age_seconds');

/** What works on payouts by itself: screening, the way to the rails, measuring. */
export function addPayoutWork(runtime: Runtime): void {
  const { pool, clock, config } = runtime;
  repeat(runtime, { name: 'payouts', everyMs: config.PAYOUT_WORK_EVERY_MS, run: () => work(runtime) });
  repeat(runtime, {
    name: 'payout-age',
    everyMs: MEASURE_EVERY_MS,
    run: async () => {
      oldestUnsettled.set(await oldestUnsettledSeconds(pool, clock.now()));
      return false;
    },
  });
}

/** One round of everything that is due. */
async function work(runtime: Runtime): Promise<boolean> {
  const { pool, clock } = runtime;
  const screened = await inDatabaseTransaction(pool, (tx) =>
    screenPayouts(workStore(runtime, tx), { screens: [], now: clock.now() }),
  );
  count(screened.changed);
  const submitted = await submitPayouts(submitGiven(runtime));
  return screened.more || submitted;
}

function submitGiven(runtime: Runtime): SubmitGiven {
  const { pool, rails, destinations, clock, logger } = runtime;
  return {
    claim: (what) => inDatabaseTransaction(pool, (tx) => claimPayouts(tx, what)),
    rails,
    destinations,
    inTransaction: (record) => inDatabaseTransaction(pool, (tx) => record(workStore(runtime, tx))),
    clock,
    timeoutMs: RAIL_TIMEOUT_MS,
    taken: count,
    failed: ({ id }, err) => logger.warn({ err, payoutId: id }, 'the rail gave no answer; it will be asked again'),
  };
}

function workStore(runtime: Runtime, tx: ConstructorParameters<typeof WorkStore>[0]): WorkStore {
  return new WorkStore(tx, { ledger: new LedgerStore(tx, runtime), outbox: runtime.outbox });
}

function count(changed: readonly Payout[]): void {
  for (const { status: step } of changed) steps.add(1, { step });
}
