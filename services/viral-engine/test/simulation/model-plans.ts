// Which plan version decides a purchase, and which versions may stand beside each other.
import type { Terms } from './model-split.js';

/** A plan was archived with all versions that it had. */
export interface Archive {
  readonly planId: string;
  readonly lastVersion: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Plans {
  readonly versions: Terms[] = [];
  readonly archives: Archive[] = [];
  defaultPlan: string;
  /** How many of the versions every tenant has from the beginning. */
  readonly shipped: number;

  constructor(versions: readonly Terms[], defaultPlan: string) {
    this.versions.push(...versions);
    this.shipped = versions.length;
    this.defaultPlan = defaultPlan;
  }

  of(planId: string): Terms[] {
    return this.versions.filter((each) => each.planId === planId);
  }

  /** Whether no version of the plan decides purchases from now on. */
  isArchived(planId: string): boolean {
    return this.of(planId).every((each) => this.#archivedAt(each) !== undefined);
  }

  /** Archived twice is as good as once. */
  archive(planId: string, at: number): void {
    if (this.isArchived(planId)) return;
    this.archives.push({ planId, lastVersion: this.of(planId).length, at });
  }

  /** The version in force: by product tag, else by stream, else the default plan's. */
  choose({ stream, tag, occurredAt }: { stream: string; tag: string | undefined; occurredAt: number }) {
    const inForce = this.#inForce(this.versions, occurredAt);
    const plans = [...inForce.values()];
    return (
      plans.find(({ tags }) => tag !== undefined && tags.includes(tag)) ??
      plans.find(({ streams }) => streams.includes(stream)) ??
      inForce.get(this.defaultPlan)
    );
  }

  /** Whether another plan would take the same stream or product tag at the same time, or the plan has one as of that moment. */
  overlaps(added: Terms): boolean {
    if (this.of(added.planId).some(({ from }) => from === added.from)) return true;
    const all = [...this.versions, added];
    return all.some(({ from }) => {
      const inForce = this.#inForce(all, from);
      const mine = from < added.from ? undefined : inForce.get(added.planId);
      return [...inForce.values()].some(
        ({ planId, streams, tags }) =>
          planId !== added.planId &&
          (streams.some((each) => mine?.streams.includes(each)) || tags.some((each) => mine?.tags.includes(each))),
      );
    });
  }

  #inForce(versions: readonly Terms[], at: number): Map<string, Terms> {
    const inForce = new Map<string, Terms>();
    for (const terms of versions.toSorted((a, b) => a.from - b.from)) {
      const archivedAt = this.#archivedAt(terms);
      if (terms.from <= at && (archivedAt === undefined || at < archivedAt)) inForce.set(terms.planId, terms);
    }
    return inForce;
  }

  /** The first archive that found the version there. One that is only thought of is not archived. */
  #archivedAt({ planId, version }: Terms): number | undefined {
    return this.archives.find((each) => each.planId === planId && version > 0 && version <= each.lastVersion)?.at;
  }
}
