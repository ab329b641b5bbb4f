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
  /** Archives the plan's versions up to the last one. */
  archive(planId: PlanId, lastVersion: number, change: PlanChange): Promise<void>;
  /** Publishes PlansChanged. */
  announce(planId: PlanId, version: number, change: PlanChange): Promise<void>;
}

/**
 * Adds a plan, or the next version of a plan that exists. Without `effectiveFrom` it takes effect now. Throws
 * VALIDATION_FAILED for terms out of bounds, PLAN_EFFECTIVE_IN_PAST, and PLAN_OVERLAP when two plans would take one
 * stream or product tag at the same time or two versions of the plan take effect at the same moment.
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
  const { planId, from } = overlap;
  const what = 'stream' in overlap ? `stream ${overlap.stream}` : `product tag ${overlap.productTag}`;
  throw new DomainError('PLAN_OVERLAP', {
    detail: `From ${from.toISOString()} on the plan ${planId} would take the ${what} too.`,
  });
}

/**
 * Makes a plan the one that takes every purchase no other plan takes, for purchases committed from now on. Throws
 * NOT_FOUND for a plan that the tenant has not, and CONFLICT for one that is archived.
 */
export async function changeDefaultPlan(book: PlanBook, planId: PlanId, change: PlanChange): Promise<PlanVersion> {
  await book.lockOutSplits();
  const { versions } = await book.read(change.tenantId);
  const latest = versions.filter((version) => version.planId === planId).at(-1);
  if (latest === undefined) throw noPlan(planId);
  if (latest.archivedAt !== undefined) {
    throw new DomainError('CONFLICT', { detail: `The plan ${planId} is archived: give it a new version first.` });
  }
  await book.saveDefault(planId, change);
  await book.announce(planId, latest.version, change);
  return latest;
}

/**
 * Archives a plan with all its versions, also those that would take effect later: purchases that occur from now on are
 * not decided by it. A version that is added afterwards takes it up again. Archiving it twice is as good as once.
 * Throws NOT_FOUND for a plan that the tenant has not, and CONFLICT for the default plan.
 */
export async function archivePlan(book: PlanBook, planId: PlanId, change: PlanChange): Promise<PlanCatalogue> {
  await book.lockOutSplits();
  const catalogue = await book.read(change.tenantId);
  const own = catalogue.versions.filter((version) => version.planId === planId);
  if (own.length === 0) throw noPlan(planId);
  if (planId === catalogue.defaultPlanId) {
    throw new DomainError('CONFLICT', { detail: `The plan ${planId} is the default: choose another default first.` });
  }
  if (own.every(({ archivedAt }) => archivedAt !== undefined)) return catalogue;
  const lastVersion = Math.max(...own.map(({ version }) => version));
  await book.archive(planId, lastVersion, change);
  await book.saveDefault(catalogue.defaultPlanId, change);
  await book.announce(planId, lastVersion, change);
  return book.read(change.tenantId);
}

function noPlan(planId: PlanId): DomainError {
  return new DomainError('NOT_FOUND', { detail: `There is no plan ${planId}.` });
}
