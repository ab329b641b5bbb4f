import { inDatabaseTransaction } from '@dailydoco/database';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { withSeals } from '../ledger/keep-ledger.module.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { BooksStore, listTenants, saveReconciliation } from './books.store.js';
import { BreakCaseStore, oldestBreakSeconds } from './break-case.store.js';
import { Breaks } from './breaks.js';
import { BreaksHttp } from './breaks.http.js';
import type { TenantId } from '../ids.js';
import type { Day } from './day.js';
import type { DayReport } from './day-report.js';
import { DayReportStore } from './day-report.store.js';
import { DayReports, makeDueReports, makeOnce } from './day-reports.js';
import { type ReconcileGiven, reconcileAll } from './reconcile-all.js';
import type { Reconciliation } from './reconcile-tenant.js';
import { OutsideStore, type Patience } from './outside-checks.store.js';
import { ReportsHttp } from './reports.http.js';
import { Runs } from './runs.js';
import { RunsHttp } from './runs.http.js';
import { claimRequest, endRequest, RunStore } from './runs.store.js';

const runs = counter('dailydoco_reconciliation_runs_total');
const breaks = counter('dailydoco_reconciliation_breaks_total');
const oldestBreak = gauge('dailydoco_reconciliation_oldest_break_age_seconds');

/** Most breaks of a run that the log names one by one; the queue has them all. */
const MOST_LOGGED = 200;

/** What a reconciliation works with. */
export function reconciliation(runtime: Runtime): ReconcileGiven {
  const { pool, states, clock, newId, rails } = runtime;
  return {
    tenants: () => listTenants(pool),
    states,
    books: withSeals(
      runtime,
      new BooksStore(pool, (work) => inDatabaseTransaction(pool, work, { isolation: 'repeatable read' })),
    ),
    outside: new OutsideStore(pool, patienceOf(rails)),
    clock,
    newId,
    save: (run) => inDatabaseTransaction(pool, (tx) => saveReconciliation(tx, run, newId)),
    report: (run, err) => report(runtime, run, err),
  };
}

function patienceOf(rails: Runtime['rails']): Patience {
  return new Map([...rails.values()].map(({ kind, capabilities }) => [kind, capabilities.patienceHours]));
}

/** Runs one comparison that somebody asked for. Resolves to true when another may wait. */
export async function reconcileAsked(runtime: Runtime, signal: AbortSignal): Promise<boolean> {
  const { pool, clock } = runtime;
  const request = await claimRequest(pool, clock.now());
  if (request === undefined) return false;
  const tenants = (): Promise<[typeof request.tenantId]> => Promise.resolve([request.tenantId]);
  const [run] = await reconcileAll({ ...reconciliation(runtime), tenants }, signal);
  if (run !== undefined) await endRequest(pool, request, run.id);
  return true;
}

/** Makes what reports the tenants' past days still lack. */
export async function reportDays(runtime: Runtime, tenants: readonly TenantId[]): Promise<void> {
  const { pool, clock, logger } = runtime;
  for (const tenantId of tenants) {
    try {
      for (const { day, outcome, breaks: found } of await makeDueReports(
        new DayReportStore(pool),
        tenantId,
        clock.now(),
      )) {
        logger.info({ tenantId, day, outcome, breaks: found.length }, `report of ${day}: ${outcome}`);
      }
    } catch (err) {
      // One tenant keeps none of the others from its report; it is tried again with the next run.
      logger.warn({ tenantId, err }, 'a daily report could not be made');
    }
  }
}

/** The report of a day, made now if there is none, by a comparison made now if there was none since. */
export async function reportOf(runtime: Runtime, tenantId: TenantId, day: Day): Promise<DayReport | undefined> {
  const { pool, clock } = runtime;
  const make = () => makeOnce(new DayReportStore(pool), { tenantId, day, madeBy: undefined, now: clock.now() });
  const known = await make();
  if (known !== undefined || day.settledAt > clock.now()) return known;
  const tenants = (): Promise<TenantId[]> => Promise.resolve([tenantId]);
  await reconcileAll({ ...reconciliation(runtime), tenants }, new AbortController().signal);
  return make();
}

/** How long the oldest break has been waiting for somebody. */
export async function measureBreaks({ pool, clock }: Runtime): Promise<boolean> {
  oldestBreak.set(await oldestBreakSeconds(pool, clock.now()));
  return false;
}

function report({ logger }: Runtime, run: Reconciliation, err: unknown): void {
  const { tenantId, outcome, compared, inFlight } = run;
  runs.add(1, { outcome });
  for (const { invariant } of run.breaks) breaks.add(1, { invariant });
  for (const found of run.breaks.slice(0, MOST_LOGGED)) logger.error({ tenantId, ...found }, 'the books break');
  if (outcome === 'failed') logger.warn({ tenantId, err }, 'reconciliation could not be finished');
  else logger.info({ tenantId, outcome, compared, inFlight }, `reconciliation: ${outcome}`);
}

@Module({
  providers: [
    {
      provide: Breaks,
      useFactory: ({ pool, idempotency, clock }: Runtime) =>
        new Breaks({
          once: (call, work) => idempotency.run(pool, call, (tx) => work(new BreakCaseStore(tx))),
          reads: new BreakCaseStore(pool),
          clock,
        }),
      inject: [RUNTIME],
    },
    {
      provide: Runs,
      useFactory: ({ pool, idempotency, clock, newId }: Runtime) =>
        new Runs({
          once: (call, work) => idempotency.run(pool, call, (tx) => work(new RunStore(tx))),
          reads: new RunStore(pool),
          clock,
          newId,
        }),
      inject: [RUNTIME],
    },
    {
      provide: DayReports,
      useFactory: ({ pool, idempotency, clock }: Runtime) =>
        new DayReports({
          once: (call, work) => idempotency.run(pool, call, (tx) => work(new DayReportStore(tx))),
          reads: new DayReportStore(pool),
          clock,
        }),
      inject: [RUNTIME],
    },
  ],
  controllers: [BreaksHttp, RunsHttp, ReportsHttp],
})
export class ReconciliationModule {}
