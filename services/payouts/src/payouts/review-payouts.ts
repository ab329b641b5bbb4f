import { DomainError } from '@dailydoco/errors';
import type { PayoutId, TenantId, UserId } from '../ids.js';
import type { PayoutBook } from './change-payout.js';
import type { Payout, PayoutStatus } from './payout.js';
import { approvalNeeds, type ApprovalTerms, passed } from './screen-payouts.js';
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
  closeFindings(
    tenantId: TenantId,
    findings: readonly { readonly payoutId: PayoutId; readonly position: number }[],
    closed: NonNullable<KeptFinding['closed']>,
  ): Promise<void>;
  /** Who asked for it; undefined: a schedule did. */
  requesterOf(payout: Payout): Promise<UserId | undefined>;
  /** Whether its person matches an entry of a list now, and nobody has cleared it. */
  isStoppedByHit(payout: Payout): Promise<boolean>;
}

/** What a decision has made of a payout. */
export interface Reviewed {
  readonly payout: Payout;
  /** As it stood after each step that it took. */
  readonly changed: readonly Payout[];
  readonly closed?: { readonly finding: KeptFinding; readonly decision: FindingDecision };
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
 * PAYOUT_NOT_APPROVABLE when it does not wait for an approval, and SCREENING_HIT_DECIDES while its person matches an
 * entry of a list and nobody has cleared that.
 */
export async function approvePayout(book: ReviewBook, decider: Decider): Promise<Reviewed> {
  const payout = await lockForDecision(book, decider);
  if (payout.status !== 'screened') throw new DomainError('PAYOUT_NOT_APPROVABLE');
  if (await book.isStoppedByHit(payout)) throw decidedAtHit();
  const { now, by, reason: note } = decider;
  const approved: Payout = { ...payout, status: 'approved', changedAt: now };
  await book.take([{ payout: approved, askAt: now, by, note }]);
  return { payout: approved, changed: [approved] };
}

/** Refuses a payout that waits for an approval: it has failed, and its amount is available again. Throws as approvePayout. */
export async function rejectPayout(book: ReviewBook, decider: Decider): Promise<Reviewed> {
  const payout = await lockForDecision(book, decider);
  if (payout.status !== 'screened') throw new DomainError('PAYOUT_NOT_APPROVABLE');
  return fail(book, payout, { ...decider, code: 'rejected' });
}

/**
 * Decides about a finding. `cleared`: nothing is in it; after the last one the payout goes on. `upheld`: the payout has
 * failed, and its amount is available again. Throws NOT_FOUND, SELF_APPROVAL as approvePayout, REVIEW_CLOSED when it
 * was decided already or the payout does not wait for it any more, and SCREENING_HIT_DECIDES for a finding that is
 * closed with its hit.
 */
export async function closeFinding(
  book: ReviewBook,
  { position, decision, ...decider }: Decider & { position: number; decision: FindingDecision },
): Promise<Reviewed> {
  const payout = await lockForDecision(book, decider);
  const findings = await book.findingsOf(payout);
  const finding = findings.find((each) => each.position === position);
  if (finding === undefined) throw new DomainError('NOT_FOUND');
  if (finding.closed !== undefined || payout.status !== 'requested') throw new DomainError('REVIEW_CLOSED');
  if (finding.hitId !== undefined) throw decidedAtHit(finding.hitId);
  const { now, by, reason } = decider;
  await book.closeFindings(payout.tenantId, [{ payoutId: payout.id, position }], { at: now, by, decision, reason });
  const closed = { finding, decision };
  if (decision === 'upheld') return { ...(await fail(book, payout, { ...decider, code: 'review_upheld' })), closed };
  const isLast = !findings.some((each) => each.closed === undefined && each.position !== position);
  if (!isLast) return { payout, changed: [], closed };
  const changes = passed(payout, { needs: await approvalNeeds(book, [payout]), now, by });
  await book.take(changes);
  const changed = changes.map((change) => change.payout);
  return { payout: changed.at(-1) ?? payout, changed, closed };
}

/** One match, one decision: what it makes of payouts follows from it. */
function decidedAtHit(hitId = '{id}'): DomainError {
  const detail = `Decide about the match: POST /v1/screening/hits/${hitId}/decide.`;
  return new DomainError('SCREENING_HIT_DECIDES', { detail });
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
): Promise<Reviewed> {
  const failed: Payout = { ...payout, status: 'failed', reason: code, changedAt: now };
  await book.take([{ payout: failed, askAt: undefined, by, note }]);
  return { payout: failed, changed: [failed] };
}
