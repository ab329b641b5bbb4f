import type { PlanId } from '../ids.js';
import type { PlanCatalogue, PlanVersion } from './plan.js';

/**
 * The plan version that decides a purchase: of the plans whose version in force at `occurredAt` names the stream that
 * one, else the default plan's version in force. In force is the version with the latest `effectiveFrom` not after
 * `occurredAt`. Undefined when no plan covers the purchase: all of it is the house's then.
 */
export function choosePlan(
  catalogue: PlanCatalogue,
  purchase: { stream: string; occurredAt: Date },
): PlanVersion | undefined {
  const inForce = versionsInForce(catalogue.versions, purchase.occurredAt);
  const byStream = [...inForce.values()].find(({ streams }) => streams.includes(purchase.stream));
  return byStream ?? inForce.get(catalogue.defaultPlanId);
}

/** A stream that two plans would take at the same time from `from` on. */
export interface PlanOverlap {
  readonly planId: PlanId;
  readonly stream: string;
  readonly from: Date;
}

/**
 * Whether adding the version lets two plans take one stream at the same time; then the earliest such moment. Versions
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
      const stream = other.planId === added.planId ? undefined : mine?.streams.find((s) => other.streams.includes(s));
      if (stream !== undefined) return { planId: other.planId, stream, from };
    }
  }
  return undefined;
}

function versionsInForce(versions: readonly PlanVersion[], at: Date): Map<PlanId, PlanVersion> {
  const inForce = new Map<PlanId, PlanVersion>();
  for (const version of versions) {
    const best = inForce.get(version.planId);
    if (version.effectiveFrom <= at && (best === undefined || version.effectiveFrom > best.effectiveFrom)) {
      inForce.set(version.planId, version);
    }
  }
  return inForce;
}
