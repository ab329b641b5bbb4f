import type { TenantId } from '../ids.js';
import { type Tuning, type TuningChoice, tuningOf } from './tuning.js';

/** Who sets how a tenant's payouts are looked at, to what, and why: kept for good. */
export interface TuningChange {
  readonly tenantId: TenantId;
  readonly choice: TuningChoice;
  readonly changedBy: string;
  readonly reason: string;
  readonly changedAt: Date;
}

export interface TuningBook {
  /** The last version, which nobody else changes until the end; undefined: nobody has set anything. */
  lock(tenantId: TenantId): Promise<Tuning | undefined>;
  add(change: TuningChange, version: number): Promise<void>;
}

/** Sets the tuning: what is not chosen is standard, whatever it was before. It holds for what is screened from now on. */
export async function changeTuning(book: TuningBook, change: TuningChange): Promise<Tuning> {
  const before = await book.lock(change.tenantId);
  const tuning = tuningOf(change.choice, (before?.version ?? 0) + 1);
  await book.add(change, tuning.version);
  return tuning;
}
