import type { PlanId } from '../ids.js';
import type { PlanCatalogue, PlanVersion } from './plan.js';
import { STANDARD } from './shipped-plans.js';

/** What a plan is chosen by. What is no purchase, such as a registration, has no stream: the default plan decides it. */
export interface PlanOccasion {
  readonly stream?: string | undefined;
  readonly productTag?: string | undefined;
  readonly occurredAt: Date;
}

/**
 * The plan version that decides a purchase: of the plans whose version in force at `occurredAt` names the product tag
 * that one, else of those that name the stream that one, else the default plan's version in force. In force is the version with the latest `effectiveFrom` not after
 * `occurredAt`; a version that is archived by then is passed over. Undefined when no plan covers the purchase: all of it is the house's then.
 */
export function choosePlan(catalogue: PlanCatalogue, occasion: PlanOccasion): PlanVersion | undefined {
  const { stream, productTag } = occasion;
  const inForce = versionsInForce(catalogue.versions, occasion.occurredAt);
  const plans = [...inForce.values()];
  const byTag =
    productTag === undefined ? undefined : plans.find(({ productTags }) => productTags.includes(productTag));
  const byStream = stream === undefined ? undefined : plans.find(({ streams }) => streams.includes(stream));
  return byTag ?? byStream ?? inForce.get(catalogue.defaultPlanId);
}

/** For how many days before it a click can lead to what happens; where no plan covers it, as long as `standard` says. */
export function attributionWindowDays(catalogue: PlanCatalogue, occasion: PlanOccasion): number {
  return (choosePlan(catalogue, occasion) ?? STANDARD).attributionWindowDays;
}

/** A stream, or a product tag, that two plans would take at the same time from `from` on. */
export type PlanOverlap = { readonly planId: PlanId; readonly from: Date } & (
  | { readonly stream: string }
  | { readonly productTag: string }
);

/**
 * Whether adding the version lets two plans take one stream or one product tag at the same time; then the earliest such moment. Versions
 * change hands only at their `effectiveFrom`, so looking at those moments is looking at all time.
 */
export function findOverlap(versions: readonly PlanVersion[], added: PlanVersion): PlanOverlap | undefined {
  const all = [...versions, added];
  const moments = all
    .map(({ effectiveFrom }) => effectiveFrom)
    .filter((moment) => moment >= added.effectiveFrom)
    .toSorted((a, b) => a.getTime() - b.getTime());
  for (const from of moments) {
    const inForce = versionsInForce(all, from);
    const mine = inForce.get(added.planId);
    for (const other of inForce.values()) {
      if (mine === undefined || other.planId === added.planId) continue;
      const stream = mine.streams.find((each) => other.streams.includes(each));
      if (stream !== undefined) return { planId: other.planId, stream, from };
      const productTag = mine.productTags.find((each) => other.productTags.includes(each));
      if (productTag !== undefined) return { planId: other.planId, productTag, from };
    }
  }
  return undefined;
}

function versionsInForce(versions: readonly PlanVersion[], at: Date): Map<PlanId, PlanVersion> {
  const inForce = new Map<PlanId, PlanVersion>();
  for (const version of versions) {
    if (version.archivedAt !== undefined && version.archivedAt <= at) continue;
    const best = inForce.get(version.planId);
    if (version.effectiveFrom <= at && (best === undefined || version.effectiveFrom > best.effectiveFrom)) {
      inForce.set(version.planId, version);
    }
  }
  return inForce;
}
