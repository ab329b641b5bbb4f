import { inDatabaseTransaction } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { withSeals } from '../ledger/keep-ledger.module.js';
import type { Runtime } from '../runtime.js';
import { BooksStore, listTenants, saveReconciliation } from './books.store.js';
import type { ReconcileGiven } from './reconcile-all.js';
import type { Reconciliation } from './reconcile-tenant.js';

const runs = counter('dailydoco_reconciliation_runs_total');
const breaks = counter('dailydoco_reconciliation_breaks_total');

/** What a reconciliation works with. */
export function reconciliation(runtime: Runtime): ReconcileGiven {
  const { pool, states, clock, newId } = runtime;
  return {
    tenants: () => listTenants(pool),
    states,
    books: withSeals(
      runtime,
      new BooksStore(pool, (work) => inDatabaseTransaction(pool, work, { isolation: 'repeatable read' })),
    ),
    clock,
    save: (run) => inDatabaseTransaction(pool, (tx) => saveReconciliation(tx, newId(), run)),
    report: (run, err) => report(runtime, run, err),
  };
}

function report({ logger }: Runtime, run: Reconciliation, err: unknown): void {
  const { tenantId, outcome, compared, inFlight } = run;
  runs.add(1, { outcome });
  for (const found of run.breaks) {
    breaks.add(1, { invariant: found.invariant });
    logger.error({ tenantId, ...found }, 'the books break');
  }
  if (outcome === 'failed') logger.warn({ tenantId, err }, 'reconciliation could not be finished');
  else logger.info({ tenantId, outcome, compared, inFlight }, `reconciliation: ${outcome}`);
}
