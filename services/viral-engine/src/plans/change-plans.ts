import { DomainError } from '@dailydoco/errors';
import type { PlanId, TenantId } from '../ids.js';
import { findOverlap } from './choose-plan.js';
import { checkTerms, type PlanCatalogue, type PlanTerms, type PlanVersion } from './plan.js';

/** Who changes whose plans, when: stays with the rows. */
export interface PlanChange {
  readonly tenantId: TenantId;
  readonly changedBy: string;
  readonly at: Date;
}

/** The plans of one tenant in an open database transaction. */
export interface PlanBook {
  /** No purchase is split until this database transaction ends. Comes before any other statement. */
  lockOutSplits(): Promise<void>;
  read(tenantId: TenantId): Promise<PlanCatalogue>;
  addVersion(version: PlanVersion, change: PlanChange): Promise<void>;
  /** Also raises the revision that tells caches to read anew. */
  saveDefault(planId: PlanId, change: PlanChange): Promise<void>;
  /** Publishes PlansChanged. */
  announce(planId: PlanId, version: number, change: PlanChange): Promise<void>;
}

/**
 * Adds a plan, or the next version of a plan that exists. Without `effectiveFrom` it takes effect now. Throws
 * VALIDATION_FAILED for terms out of bounds, PLAN_EFFECTIVE_IN_PAST, and PLAN_OVERLAP when two plans would take one
 * stream at the same time or two versions of the plan take effect at the same moment.
 */
export async function addPlanVersion(
  book: PlanBook,
  wanted: Omit<PlanTerms, 'effectiveFrom'> & { planId: PlanId; effectiveFrom: Date | undefined },
  change: PlanChange,
): Promise<PlanVersion> {
  const fieldErrors = checkTerms(wanted);
  if (fieldErrors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  const effectiveFrom = wanted.effectiveFrom ?? change.at;
  if (effectiveFrom < change.at) throw new DomainError('PLAN_EFFECTIVE_IN_PAST');
  await book.lockOutSplits();
  const { versions, defaultPlanId } = await book.read(change.tenantId);
  const own = versions.filter(({ planId }) => planId === wanted.planId);
  const version = { ...wanted, effectiveFrom, version: Math.max(0, ...own.map((each) => each.version)) + 1 };
  refuseOverlap(versions, version);
  await book.addVersion(version, change);
  await book.saveDefault(defaultPlanId, change);
  await book.announce(version.planId, version.version, change);
  return version;
}

function refuseOverlap(versions: readonly PlanVersion[], added: PlanVersion): void {
  const twin = versions.find(
    ({ planId, effectiveFrom }) => planId === added.planId && effectiveFrom.getTime() === added.effectiveFrom.getTime(),
  );
  if (twin !== undefined) {
    throw new DomainError('PLAN_OVERLAP', { detail: `Version ${twin.version} takes effect at the same moment.` });
  }
  const overlap = findOverlap(versions, added);
  if (overlap === undefined) return;
  const { planId, stream, from } = overlap;
  throw new DomainError('PLAN_OVERLAP', {
    detail: `From ${from.toISOString()} on the plan ${planId} would take the stream ${stream} too.`,
  });
}

/**
 * Makes a plan the one that takes every purchase no other plan takes, for purchases committed from now on. Throws
 * NOT_FOUND for a plan that the tenant has not.
 */
export async function changeDefaultPlan(book: PlanBook, planId: PlanId, change: PlanChange): Promise<PlanVersion> {
  await book.lockOutSplits();
  const { versions } = await book.read(change.tenantId);
  const latest = versions.filter((version) => version.planId === planId).at(-1);
  if (latest === undefined) throw new DomainError('NOT_FOUND', { detail: `There is no plan ${planId}.` });
  await book.saveDefault(planId, change);
  await book.announce(planId, latest.version, change);
  return latest;
}
