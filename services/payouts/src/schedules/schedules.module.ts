import { inDatabaseTransaction, Lease } from '@dailydoco/database';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import { requestPayout } from '../payouts/change-payout.js';
import { PayoutStore } from '../payouts/payout.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { runSchedules } from './run-schedules.js';
import { oldestDueSeconds, readDueSchedules, ScheduleStore } from './schedule.store.js';
import { Schedules } from './schedules.js';
import { SchedulesHttp } from './schedules.http.js';

/** A replica that lost its database waits this long before it tries for the lease again. */
const LEASE_RETRY_MS = 5_000;

const looks = counter('dailydoco_payout_schedule_looks_total');
const oldestDue = gauge('dailydoco_payout_schedules_oldest_due_age_seconds');

type Tools = Pick<Runtime, 'pool' | 'outbox' | 'clock' | 'newId' | 'randomBytes' | 'rails' | 'withholding' | 'config'>;

/** One round over the schedules whose time has come; see runSchedules. */
export async function scheduleRound({ pool, outbox, config, ...tools }: Tools, signal: AbortSignal): Promise<boolean> {
  const { clock, rails, newId, withholding } = tools;
  oldestDue.set(await oldestDueSeconds(pool, clock.now()));
  return runSchedules({
    due: (now, limit) => readDueSchedules(pool, { now, limit }),
    inTransaction: (work) =>
      inDatabaseTransaction(pool, (tx) => {
        const schedules = new ScheduleStore(tx);
        const payouts = new PayoutStore(tx, { ledger: new LedgerStore(tx, tools), outbox, withholding });
        const given = { now: clock.now(), cancelWindowMs: config.PAYOUT_CANCEL_WINDOW_MS, reach: rails };
        return work({
          claimDay: (due, payoutId, at) => schedules.claimDay(due, payoutId, at),
          saveLooks: (made) => schedules.saveLooks(made),
          request: (order, payoutId) =>
            requestPayout(payouts, { ...order, requestedBy: undefined }, { ...given, newId: () => payoutId }),
        });
      }),
    rails,
    clock,
    newId,
    looked: (outcome) => looks.add(1, { outcome }),
    signal,
  });
}

/** One replica looks at the schedules, again and again, as long as it holds the lease. */
export function addSchedules(runtime: Runtime): void {
  const { config, lifecycle, logger, restoreHold } = runtime;
  const everyMs = config.PAYOUT_SCHEDULES_EVERY_MS;
  lifecycle.onStart('payout-schedules', async () => {
    const heartbeat = lifecycle.heartbeat('payout-schedules', { maxSilenceMs: 2 * everyMs + 60_000 });
    const lease = Lease.hold({
      connectionString: config.DATABASE_URL,
      key: 'payout-schedules',
      retryMs: LEASE_RETRY_MS,
      heartbeat,
      onHeld: async (signal) => {
        const task = new PeriodicTask({
          everyMs,
          run: async () => !restoreHold.isHeld && (await scheduleRound(runtime, signal)),
          onError: (err) => logger.warn({ err }, 'payout schedules could not be looked at; they will be again'),
          signs: { beat: () => heartbeat.beat(), stop: () => undefined },
        });
        task.start();
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await task.stop();
      },
    });
    lifecycle.onStop('consumers', 'payout-schedules', async () => {
      await lease.release();
      heartbeat.stop();
    });
  });
}

function schedules({ pool, rails, clock }: Runtime): Schedules {
  return new Schedules({ book: new ScheduleStore(pool), rails, clock });
}

@Module({
  providers: [{ provide: Schedules, useFactory: schedules, inject: [RUNTIME] }],
  controllers: [SchedulesHttp],
})
export class SchedulesModule {}
