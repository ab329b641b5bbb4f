import type { PurchaseId, TenantId } from '../ids.js';

/** A purchase of which something is to be logged. */
export interface WaitingPurchase {
  readonly tenantId: TenantId;
  readonly purchaseId: PurchaseId;
}

/** One that is to be logged since then. */
export interface DuePurchase extends WaitingPurchase {
  readonly since: Date;
}

/** What one batch brought into a log. */
export interface Logged {
  readonly entries: number;
  readonly changes: number;
}

export interface KeepLogDependencies {
  /** The oldest that may be tried now, over all tenants. */
  readonly oldest: (query: { now: Date; limit: number }) => Promise<DuePurchase[]>;
  /** Logs purchases of one tenant in one database transaction; undefined while somebody else writes that log. */
  readonly log: (tenantId: TenantId, purchaseIds: readonly PurchaseId[]) => Promise<Logged | undefined>;
  readonly postpone: (waiting: WaitingPurchase, until: Date) => Promise<void>;
  /** Whether the same work may succeed later with nothing changed in it. */
  readonly mayPass: (error: unknown) => boolean;
  /** Gives way to other work of this process as after a batch that took so long. */
  readonly rest: (tookMs: number) => Promise<void>;
  readonly clock: { now(): Date };
  readonly logged: (logged: Logged) => void;
  readonly failed: (waiting: WaitingPurchase, error: unknown) => void;
}

/** Most purchases in one database transaction. */
export const LOG_BATCH = 200;
/** A run ends after this time and leaves the rest to the next one, so that a loop that is alive is seen to be. */
const LONGEST_RUN_MS = 10_000;
/** When a purchase that could not be logged is tried again. */
const TRY_AGAIN_MS = 60_000;
/** A leaf is to be in a signed tree within ten seconds. What waits for less than this gives way to all other work of the process. */
const GIVES_WAY_MS = 3_000;
/** What waits longer than this gives way to none: the rest of the ten seconds is for the batch that is at work. */
const GIVES_NO_WAY_MS = 8_000;
/** What waits longer than this is late whatever the log does: more comes in than it can make leaves of, and purchases come first. */
const TOO_LATE_MS = 20_000;

/** How far the log gives way to other work, 1 to 0, by how long the oldest of a batch has waited, in ms. */
export function wayGiven(waitedMs: number): number {
  if (waitedMs > TOO_LATE_MS) return 1;
  return Math.min(1, Math.max(0, (GIVES_NO_WAY_MS - waitedMs) / (GIVES_NO_WAY_MS - GIVES_WAY_MS)));
}

/** Brings what waits into the logs, the oldest first. Any number of replicas do so: each log has one writer at a time. */
export class KeepLog {
  readonly #dependencies: KeepLogDependencies;

  constructor(dependencies: KeepLogDependencies) {
    this.#dependencies = dependencies;
  }

  /** Logs one batch; true when there is more to do at once. */
  async runOnce(): Promise<boolean> {
    const { oldest, clock, rest } = this.#dependencies;
    const due = await oldest({ now: clock.now(), limit: LOG_BATCH });
    const startedAtMs = performance.now();
    let done = 0;
    for (const [tenantId, waiting] of Map.groupBy(due, (each) => each.tenantId)) {
      if (performance.now() - startedAtMs > LONGEST_RUN_MS) return true;
      const batchAtMs = performance.now();
      const settled = await this.#logOrDivide(
        tenantId,
        waiting.map(({ purchaseId }) => purchaseId),
      );
      done += settled;
      const [first] = waiting;
      if (settled === 0 || first === undefined) continue;
      const waitedMs = clock.now().getTime() - first.since.getTime();
      await rest((performance.now() - batchAtMs) * wayGiven(waitedMs));
    }
    return due.length === LOG_BATCH && done > 0;
  }

  /** How many purchases were settled. One that cannot be logged is set aside for a while, and the others go on. */
  async #logOrDivide(tenantId: TenantId, purchaseIds: readonly PurchaseId[]): Promise<number> {
    try {
      return await this.#log(tenantId, purchaseIds);
    } catch (error) {
      if (this.#dependencies.mayPass(error)) throw error;
      const [first] = purchaseIds;
      if (first !== undefined && purchaseIds.length === 1) {
        await this.#setAside({ tenantId, purchaseId: first }, error);
        return 1;
      }
    }
    const middle = Math.ceil(purchaseIds.length / 2);
    const left = await this.#logOrDivide(tenantId, purchaseIds.slice(0, middle));
    return left + (await this.#logOrDivide(tenantId, purchaseIds.slice(middle)));
  }

  async #log(tenantId: TenantId, purchaseIds: readonly PurchaseId[]): Promise<number> {
    const { log, logged } = this.#dependencies;
    const result = await log(tenantId, purchaseIds);
    if (result === undefined) return 0;
    logged(result);
    return purchaseIds.length;
  }

  async #setAside(waiting: WaitingPurchase, error: unknown): Promise<void> {
    const { postpone, clock, failed } = this.#dependencies;
    failed(waiting, error);
    await postpone(waiting, new Date(clock.now().getTime() + TRY_AGAIN_MS));
  }
}
