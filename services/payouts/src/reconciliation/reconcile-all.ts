import { asRunId, type TenantId } from '../ids.js';
import {
  type Outside,
  type OwnBooks,
  type PurchaseStates,
  type Reconciliation,
  reconcileTenant,
} from './reconcile-tenant.js';

export interface ReconcileGiven {
  readonly tenants: () => Promise<TenantId[]>;
  readonly states: PurchaseStates;
  readonly books: OwnBooks;
  readonly outside: Outside;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly save: (run: Reconciliation) => Promise<void>;
  /** Told of every finished run, and of the error of one that could not be finished. */
  readonly report: (run: Reconciliation, error?: unknown) => void;
}

/** Reconciles every tenant, one after the other; one that cannot be reconciled keeps none of the others from it. */
export async function reconcileAll(given: ReconcileGiven, signal: AbortSignal): Promise<Reconciliation[]> {
  const { tenants, clock, newId, save, report } = given;
  const runs: Reconciliation[] = [];
  for (const tenantId of await tenants()) {
    if (signal.aborted) break;
    const startedAt = clock.now();
    const id = asRunId(newId());
    try {
      const run = await reconcileTenant(tenantId, { ...given, id, signal });
      await save(run);
      report(run);
      runs.push(run);
    } catch (error) {
      if (signal.aborted) break;
      const failed: Reconciliation = {
        id,
        tenantId,
        outcome: 'failed',
        compared: 0,
        inFlight: 0,
        breaks: [],
        incomplete: new Set(),
        startedAt,
        finishedAt: clock.now(),
      };
      report(failed, error);
      // The database itself may be what is away; the report has told of the run in any case.
      await save(failed).catch(() => undefined);
      runs.push(failed);
    }
  }
  return runs;
}
