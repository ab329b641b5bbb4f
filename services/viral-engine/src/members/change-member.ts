import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { MemberStatus } from './member.js';

/** What changes a member in a way that splits see. */
export interface MemberChanges {
  /**
   * Waits until every split under way has committed and keeps new ones waiting until this database transaction ends:
   * a purchase is decided wholly before or wholly after the change. Comes before any other statement.
   */
  lockOutSplits(): Promise<void>;
  /**
   * Sets the status and marks the member's commissions to be held or lifted. `unchanged` when it has that status, or
   * is erased, which is for good.
   */
  setStatus(change: StatusChange): Promise<'changed' | 'unchanged' | 'unknown'>;
  /** The boost before; undefined for an unknown member. Writes the audit row beside it. */
  setBoost(change: BoostChange): Promise<number | undefined>;
}

export interface StatusChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: MemberStatus;
  /** When this service commits the change: clocks stop and go on from here. */
  readonly at: Date;
}

export interface BoostChange {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  /** 0–10000 basis points of the member's own level commissions. */
  readonly boostBps: number;
  /** Who did it, and why: both stay in the audit. */
  readonly changedBy: string;
  readonly reason: string;
  readonly at: Date;
}

/**
 * Suspends, reactivates or erases a member. The event of a member's registration comes before those of its status, so
 * an unknown member is a fault of the sender, not a state.
 */
export async function changeMemberStatus(members: MemberChanges, change: StatusChange): Promise<void> {
  await members.lockOutSplits();
  const outcome = await members.setStatus(change);
  if (outcome === 'unknown')
    throw new DomainError('USER_UNKNOWN', { detail: 'The status of an unknown member changed.' });
}

/** Sets a member's commission boost for splits from now on. Throws USER_UNKNOWN, and VALIDATION_FAILED out of range. */
export async function changeBoost(members: MemberChanges, change: BoostChange): Promise<void> {
  if (!Number.isInteger(change.boostBps) || change.boostBps < 0 || change.boostBps > 10_000) {
    throw new DomainError('VALIDATION_FAILED', {
      fieldErrors: [{ path: 'boostBps', message: 'must be a whole number from 0 to 10000' }],
    });
  }
  await members.lockOutSplits();
  if ((await members.setBoost(change)) === undefined) throw new DomainError('USER_UNKNOWN');
}
