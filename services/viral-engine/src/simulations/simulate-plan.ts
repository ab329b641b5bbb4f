import { DomainError } from '@dailydoco/errors';
import type { PlanId, TenantId } from '../ids.js';
import { checkTerms, type PlanCatalogue, type PlanTerms, type PlanVersion } from '../plans/plan.js';
import { PlanSimulation, proposedVersion, type ReplayedPurchase, type SimulatedCurrency } from './plan-simulation.js';

/** What is asked: which plan, on which purchases. */
export interface SimulationOrder {
  readonly tenantId: TenantId;
  readonly proposed: Omit<PlanTerms, 'effectiveFrom'> & { readonly planId: PlanId };
  /** Purchases recorded from here on … */
  readonly from: Date;
  /** … and before this. */
  readonly to: Date;
  /** How many of those who gain most and lose most are named, 1 to 200. */
  readonly top: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SimulatedPlan {
  readonly purchases: number;
  readonly currencies: readonly SimulatedCurrency[];
}

/** The purchases of a tenant, as one database transaction that only reads sees them. */
export interface PurchaseHistory {
  readPlans(tenantId: TenantId): Promise<PlanCatalogue>;
  /** Purchases of the period that the plan would take, in the order of recording, some at a time. */
  replay(query: {
    tenantId: TenantId;
    from: Date;
    to: Date;
    proposed: PlanVersion;
    plans: PlanCatalogue;
  }): AsyncIterable<readonly ReplayedPurchase[]>;
}

export interface SimulatePlanDependencies {
  readonly withHistory: <T>(work: (history: PurchaseHistory) => Promise<T>) => Promise<T>;
  /** Lets whatever else the process has to do have its turn. */
  readonly giveWay: () => Promise<void>;
}

const DAY_MS = 86_400_000;
const MAX_DAYS = 366;
export const MAX_SIMULATED_PURCHASES = 5_000_000;
/** A few milliseconds of work, so that a simulation delays no purchase by more. */
const PURCHASES_A_TURN = 100;

/**
 * Replays a period of real purchases against a plan that nobody has added, and writes nothing. One at a time per
 * process: it takes a processor. Throws VALIDATION_FAILED for terms out of bounds, for a period that is empty, longer
 * than 366 days or holds more than MAX_SIMULATED_PURCHASES, OVERLOADED while another one runs, and CANCELLED when the
 * signal says that nobody waits any more.
 */
export class SimulatePlan {
  readonly #dependencies: SimulatePlanDependencies;
  #running = false;

  constructor(dependencies: SimulatePlanDependencies) {
    this.#dependencies = dependencies;
  }

  async simulate(order: SimulationOrder): Promise<SimulatedPlan> {
    refuseOrder(order);
    if (this.#running) throw new DomainError('OVERLOADED', { detail: 'Another simulation is under way.' });
    this.#running = true;
    try {
      return await this.#dependencies.withHistory((history) => this.#replay(history, order));
    } finally {
      this.#running = false;
    }
  }

  async #replay(history: PurchaseHistory, order: SimulationOrder): Promise<SimulatedPlan> {
    const { tenantId, from, to, top, signal } = order;
    const proposed = proposedVersion(order.proposed);
    const plans = await history.readPlans(tenantId);
    const simulation = new PlanSimulation(proposed);
    let purchases = 0;
    for await (const some of history.replay({ tenantId, from, to, proposed, plans })) {
      for (const each of some) {
        if (purchases === MAX_SIMULATED_PURCHASES) throw tooMany();
        simulation.add(each);
        purchases += 1;
        if (purchases % PURCHASES_A_TURN === 0) await this.#dependencies.giveWay();
      }
      if (signal?.aborted) throw new DomainError('CANCELLED');
    }
    return { purchases, currencies: simulation.result(top) };
  }
}

function refuseOrder({ proposed, from, to }: SimulationOrder): void {
  const fieldErrors = checkTerms(proposed).map(({ path, message }) => ({ path: `plan.${path}`, message }));
  if (to <= from) fieldErrors.push({ path: 'to', message: 'must be later than from' });
  if (to.getTime() - from.getTime() > MAX_DAYS * DAY_MS) {
    fieldErrors.push({ path: 'to', message: `must be at most ${MAX_DAYS} days after from` });
  }
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
}

function tooMany(): DomainError {
  const message = `must be earlier: the period holds more than ${MAX_SIMULATED_PURCHASES} purchases`;
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'to', message }] });
}
