import type { PlanId, TenantId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { addPlanVersion, archivePlan, changeDefaultPlan, type PlanBook, type PlanChange } from './change-plans.js';
import type { PlanCatalogue, PlanTerms, PlanVersion } from './plan.js';

export interface PlansDependencies {
  readonly read: (tenantId: TenantId) => Promise<PlanCatalogue>;
  readonly once: OncePerKey<PlanBook>;
  /** Runs the work in a database transaction of its own. */
  readonly withBook: <T>(work: (book: PlanBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
}

type Change = Omit<PlanChange, 'at'>;

/** The plans of a tenant: read, added to, and the default among them chosen. */
export class Plans {
  readonly #dependencies: PlansDependencies;

  constructor(dependencies: PlansDependencies) {
    this.#dependencies = dependencies;
  }

  read(tenantId: TenantId): Promise<PlanCatalogue> {
    return this.#dependencies.read(tenantId);
  }

  /** Adds a plan or a version of one; see addPlanVersion for what it refuses. */
  add<Body>(
    wanted: Omit<PlanTerms, 'effectiveFrom'> & { planId: PlanId; effectiveFrom: Date | undefined },
    by: Change & { call: IdempotentCall; answer: (version: PlanVersion) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#dependencies;
    const { call, answer, ...change } = by;
    return once(call, async (book) => answer(await addPlanVersion(book, wanted, { ...change, at: clock.now() })));
  }

  /** Archives a plan; see archivePlan. */
  archive<Body>(
    planId: PlanId,
    by: Change & { call: IdempotentCall; answer: (catalogue: PlanCatalogue) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#dependencies;
    const { call, answer, ...change } = by;
    return once(call, async (book) => answer(await archivePlan(book, planId, { ...change, at: clock.now() })));
  }

  /** Makes a plan the default; see changeDefaultPlan. */
  async changeDefault(planId: PlanId, change: Change): Promise<PlanCatalogue> {
    const { withBook, clock } = this.#dependencies;
    await withBook((book) => changeDefaultPlan(book, planId, { ...change, at: clock.now() }));
    return this.read(change.tenantId);
  }
}
