import { DomainError } from '@dailydoco/errors';
import type { PayoutId, TenantId, UserId } from '../ids.js';
import type { Change, PayoutBook } from './change-payout.js';
import type { Payout } from './payout.js';
import type { KeptFinding } from './review-payouts.js';
import { approvalNeeds, type ApprovalTerms, passed } from './screen-payouts.js';

/** An open finding with its payout. */
export interface WaitingFinding extends KeptFinding {
  readonly payoutId: PayoutId;
}

/** Payouts that a match with a list stops, in an open database transaction. */
export interface StoppedBook extends PayoutBook, ApprovalTerms {
  /** All payouts of the person that no rail has been told of, under their row locks. */
  lockUnsent(tenantId: TenantId, personId: UserId): Promise<Payout[]>;
  /** Those that wait with an open finding of the hit, under their row locks. */
  lockStoppedBy(tenantId: TenantId, hitId: string): Promise<Payout[]>;
  openFindingsOf(payouts: readonly Payout[]): Promise<WaitingFinding[]>;
  /** Who asked for each; absent: a schedule did. */
  requestersOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, UserId>>;
  closeFindings(
    tenantId: TenantId,
    findings: readonly Pick<WaitingFinding, 'payoutId' | 'position'>[],
    closed: NonNullable<KeptFinding['closed']>,
  ): Promise<void>;
}

/** What was decided about a match of a person with an entry of a list. */
export interface HitVerdict {
  readonly tenantId: TenantId;
  readonly hitId: string;
  readonly decision: 'cleared' | 'confirmed';
  readonly by: UserId;
  readonly reason: string;
  readonly now: Date;
}

/** What it made of payouts: where each stands after each step, and the findings that were closed. */
export interface CarriedOut {
  readonly changed: Payout[];
  readonly closed: WaitingFinding[];
}

/**
 * Carries out what was decided about a hit on payouts of its person that are locked. `cleared`: its findings are, and
 * what waits for nothing else goes on. `confirmed`: all of them have failed, and their amounts are available again. What
 * a rail has been told of is the rail's to end. Throws SELF_APPROVAL for who has asked for one of them.
 */
export async function carryOutHit(
  book: StoppedBook,
  payouts: readonly Payout[],
  verdict: HitVerdict,
): Promise<CarriedOut> {
  if (payouts.length === 0) return { changed: [], closed: [] };
  const { tenantId, hitId, decision, by, reason, now } = verdict;
  const open = await book.openFindingsOf(payouts);
  const closed = open.filter((finding) => finding.hitId === hitId);
  const stopped = new Set(closed.map(({ payoutId }) => payoutId));
  const touched = decision === 'confirmed' ? payouts : payouts.filter(({ id }) => stopped.has(id));
  await refuseRequester(book, touched, by);
  const outcome = decision === 'confirmed' ? 'upheld' : 'cleared';
  await book.closeFindings(tenantId, closed, { at: now, by, decision: outcome, reason });
  const changes = decision === 'confirmed' ? failures(touched, verdict) : await goOn(book, touched, { open, verdict });
  await book.take(changes);
  return { changed: changes.map(({ payout }) => payout), closed };
}

function failures(payouts: readonly Payout[], { by, reason: note, now }: HitVerdict): Change[] {
  return payouts.map((payout) => ({
    payout: { ...payout, status: 'failed', reason: 'review_upheld', changedAt: now },
    askAt: undefined,
    by,
    note,
  }));
}

/** Those against which nothing else speaks. */
async function goOn(
  book: StoppedBook,
  payouts: readonly Payout[],
  { open, verdict: { hitId, by, now } }: { open: readonly WaitingFinding[]; verdict: HitVerdict },
): Promise<Change[]> {
  const waiting = new Set(open.filter((finding) => finding.hitId !== hitId).map(({ payoutId }) => payoutId));
  const clear = payouts.filter(({ id, status }) => status === 'requested' && !waiting.has(id));
  const needs = await approvalNeeds(book, clear);
  return clear.flatMap((payout) => passed(payout, { needs, now, by }));
}

/** Nobody decides about money that they have asked for. */
async function refuseRequester(book: StoppedBook, payouts: readonly Payout[], by: UserId): Promise<void> {
  const requesters = await book.requestersOf(payouts);
  if (payouts.some(({ id, personId }) => personId === by || requesters.get(id) === by)) {
    throw new DomainError('SELF_APPROVAL');
  }
}
