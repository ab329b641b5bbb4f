import { DomainError } from '@dailydoco/errors';
import type { PayoutId, TenantId, UserId } from '../ids.js';
import type { PayoutBook } from './change-payout.js';
import type { Payout, PayoutStatus } from './payout.js';
import { type ApprovalTerms, passed } from './screen-payouts.js';
import type { Finding } from './screen.js';

export const FINDING_DECISIONS = ['cleared', 'upheld'] as const;
export type FindingDecision = (typeof FINDING_DECISIONS)[number];

/** A finding with what was decided about it. */
export interface KeptFinding extends Finding {
  /** 1, 2, … of its payout. */
  readonly position: number;
  readonly foundAt: Date;
  /** Undefined: it is open, and the payout waits. */
  readonly closed:
    | { readonly at: Date; readonly by: UserId; readonly decision: FindingDecision; readonly reason: string }
    | undefined;
}

/** A step that a payout has taken, with who decided it. */
export interface TakenStep {
  readonly step: PayoutStatus;
  readonly reason: string | undefined;
  readonly at: Date;
  readonly by: UserId | undefined;
  readonly note: string | undefined;
}

export interface ReviewBook extends PayoutBook, ApprovalTerms {
  findingsOf(payout: Payout): Promise<KeptFinding[]>;
  closeFinding(payout: Payout, position: number, closed: NonNullable<KeptFinding['closed']>): Promise<void>;
  /** Who asked for it; undefined: a schedule did. */
  requesterOf(payout: Payout): Promise<UserId | undefined>;
}

/** A person of finance who decides, and why. */
export interface Decider {
  readonly tenantId: TenantId;
  readonly id: PayoutId;
  readonly by: UserId;
  readonly reason: string;
  readonly now: Date;
}

/**
 * Approves a payout whose amount needs it. Throws NOT_FOUND, SELF_APPROVAL for whoever is paid or has asked for it, and
 * PAYOUT_NOT_APPROVABLE when it does not wait for an approval.
 */
export async function approvePayout(book: ReviewBook, decider: Decider): Promise<Payout> {
  const payout = await lockForDecision(book, decider);
  if (payout.status !== 'screened') throw new DomainError('PAYOUT_NOT_APPROVABLE');
  const { now, by, reason: note } = decider;
  const approved: Payout = { ...payout, status: 'approved', changedAt: now };
  await book.take([{ payout: approved, askAt: now, by, note }]);
  return approved;
}

/** Refuses a payout that waits for an approval: it has failed, and its amount is available again. Throws as approvePayout. */
export async function rejectPayout(book: ReviewBook, decider: Decider): Promise<Payout> {
  const payout = await lockForDecision(book, decider);
  if (payout.status !== 'screened') throw new DomainError('PAYOUT_NOT_APPROVABLE');
  return fail(book, payout, { ...decider, code: 'rejected' });
}

/**
 * Decides about a finding. `cleared`: nothing is in it; after the last one the payout goes on. `upheld`: the payout has
 * failed, and its amount is available again. Throws NOT_FOUND, SELF_APPROVAL as approvePayout, and REVIEW_CLOSED when it
 * was decided already or the payout does not wait for it any more.
 */
export async function closeFinding(
  book: ReviewBook,
  { position, decision, ...decider }: Decider & { position: number; decision: FindingDecision },
): Promise<Payout> {
  const payout = await lockForDecision(book, decider);
  const findings = await book.findingsOf(payout);
  const finding = findings.find((each) => each.position === position);
  if (finding === undefined) throw new DomainError('NOT_FOUND');
  if (finding.closed !== undefined || payout.status !== 'requested') throw new DomainError('REVIEW_CLOSED');
  const { now, by, reason } = decider;
  await book.closeFinding(payout, position, { at: now, by, decision, reason });
  if (decision === 'upheld') return fail(book, payout, { ...decider, code: 'review_upheld' });
  if (findings.some((each) => each.closed === undefined && each.position !== position)) return payout;
  const changes = passed(payout, { above: await book.approvalsAbove([payout]), now, by });
  await book.take(changes);
  return changes.at(-1)?.payout ?? payout;
}

/** Nobody decides about money that they are paid or have asked for. */
async function lockForDecision(book: ReviewBook, { tenantId, id, by }: Decider): Promise<Payout> {
  const payout = await book.lock(tenantId, id);
  if (payout === undefined) throw new DomainError('NOT_FOUND');
  if (by === payout.personId || by === (await book.requesterOf(payout))) throw new DomainError('SELF_APPROVAL');
  return payout;
}

async function fail(
  book: PayoutBook,
  payout: Payout,
  { code, now, by, reason: note }: Decider & { code: string },
): Promise<Payout> {
  const failed: Payout = { ...payout, status: 'failed', reason: code, changedAt: now };
  await book.take([{ payout: failed, askAt: undefined, by, note }]);
  return failed;
}
