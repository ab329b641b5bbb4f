import { DomainError } from '@dailydoco/errors';
import { refusalOf } from '../commissions/commission-decisions.js';
import { decideCommissions, type Decision, type DecisionBook } from '../commissions/decide-commissions.js';
import type { CommissionId, DisputeId, PurchaseId, TenantId, UserId } from '../ids.js';
import {
  type Actor,
  type Dispute,
  DISPUTE_DEADLINE_MS,
  type DisputeHold,
  type DisputeKind,
  type DisputeOutcome,
  type DisputeText,
  MAX_STEPS,
  MAX_UNDECIDED,
  type StepEntry,
  type Stepped,
  stepOf,
} from './dispute.js';

/** Disputes in an open database transaction. */
export interface DisputeBook extends DecisionBook {
  findCommission(
    tenantId: TenantId,
    id: CommissionId,
  ): Promise<{ purchaseId: PurchaseId; beneficiaryId: UserId } | undefined>;
  /** Other disputes of this person wait until the end. Returns the commissions of the undecided ones. */
  lockPerson(tenantId: TenantId, userId: UserId): Promise<CommissionId[]>;
  add(stepped: Stepped): Promise<void>;
  /** The dispute as it stands, and nobody else changes it until the end. */
  lock(tenantId: TenantId, id: DisputeId): Promise<Dispute | undefined>;
  /** Where the dispute stands now, and the step that led there. */
  save(stepped: Stepped): Promise<void>;
}

export interface DisputeOrder {
  readonly tenantId: TenantId;
  readonly openedBy: UserId;
  readonly commissionId: CommissionId;
  readonly kind: DisputeKind;
  readonly written: DisputeText;
}

export interface Given {
  readonly now: Date;
  readonly newId: () => string;
}

export interface DisputeRef {
  readonly tenantId: TenantId;
  readonly disputeId: DisputeId;
}

const HOLDS: Readonly<Record<'done' | 'held' | 'released' | 'closed', DisputeHold>> = {
  done: 'held',
  held: 'held',
  released: 'already_available',
  closed: 'nothing_left',
};

/**
 * A person questions a commission of their own. What is pending or held is held until the end of the dispute; what is
 * available already is not. Throws NOT_FOUND, FORBIDDEN for somebody else's commission, DISPUTE_OPEN when it is in
 * dispute already, DISPUTE_LIMIT_REACHED; nothing is written then.
 */
export async function openDispute(
  book: DisputeBook,
  order: DisputeOrder,
  given: Given & { disputeId: DisputeId },
): Promise<Dispute> {
  const { tenantId, openedBy, commissionId, kind, written } = order;
  const { disputeId: id, now } = given;
  await book.shareSplitLock();
  const commission = await book.findCommission(tenantId, commissionId);
  if (commission === undefined) throw new DomainError('NOT_FOUND');
  if (commission.beneficiaryId !== openedBy) {
    throw new DomainError('FORBIDDEN', { detail: 'This is somebody else’s commission.' });
  }
  const undecided = await book.lockPerson(tenantId, openedBy);
  if (undecided.includes(commissionId)) throw new DomainError('DISPUTE_OPEN');
  if (undecided.length >= MAX_UNDECIDED) throw new DomainError('DISPUTE_LIMIT_REACHED');
  const { purchaseId } = commission;
  const by: Actor = { userId: openedBy, as: 'partner' };
  const about = { tenantId, id, commissionId };
  const held = await decide(book, about, { by, decision: { kind: 'hold', cause: 'dispute' }, what: 'opened', given });
  const hold = held.outcome === 'unknown' || held.outcome === 'notHeld' ? undefined : HOLDS[held.outcome];
  if (hold === undefined) throw new Error(`A commission that is there can be held, or is not pending: ${held.outcome}`);
  const opened = stepOf(
    {
      ...about,
      purchaseId,
      openedBy,
      kind,
      hold,
      openedAt: now,
      dueAt: new Date(now.getTime() + DISPUTE_DEADLINE_MS),
      status: 'open',
      ownerId: undefined,
      outcome: undefined,
      decidedAt: undefined,
      escalatedAt: undefined,
      steps: 0,
    },
    { kind: 'opened', by, at: now, entry: hold === 'held' ? 'held' : 'unchanged', written },
  );
  await book.add(opened);
  return opened.dispute;
}

/**
 * Somebody of the staff takes a dispute, from another owner too; whose it is already stays as it is. Throws NOT_FOUND,
 * FORBIDDEN for one's own, DISPUTE_DECIDED, DISPUTE_LIMIT_REACHED.
 */
export async function takeDispute(
  book: DisputeBook,
  { userId, ...ref }: DisputeRef & { userId: UserId },
  { now }: Given,
): Promise<Dispute> {
  const dispute = await lockForStaff(book, { ...ref, userId });
  if (dispute.ownerId === userId) return dispute;
  refuseTooMany(dispute);
  const by: Actor = { userId, as: 'staff' };
  return save(book, stepOf(dispute, { kind: 'taken', by, at: now }, { status: 'in_review', ownerId: userId }));
}

/**
 * The partner or the staff says something more. Throws NOT_FOUND, FORBIDDEN for another partner's dispute,
 * DISPUTE_DECIDED, DISPUTE_LIMIT_REACHED.
 */
export async function noteOnDispute(
  book: DisputeBook,
  { by, written, ...ref }: DisputeRef & { by: { userId: UserId; isStaff: boolean }; written: DisputeText },
  { now }: Given,
): Promise<Dispute> {
  const dispute = await lockKnown(book, ref);
  const own = dispute.openedBy === by.userId;
  if (!own && !by.isStaff) throw somebodyElses();
  refuseDecided(dispute);
  refuseTooMany(dispute);
  const actor: Actor = { userId: by.userId, as: own ? 'partner' : 'staff' };
  return save(book, stepOf(dispute, { kind: 'noted', by: actor, at: now, written }));
}

/** The partner takes it back, and the hold is lifted. Throws NOT_FOUND, FORBIDDEN for somebody else's, DISPUTE_DECIDED. */
export async function withdrawDispute(
  book: DisputeBook,
  { userId, ...ref }: DisputeRef & { userId: UserId },
  given: Given,
): Promise<Dispute> {
  await book.shareSplitLock();
  const dispute = await lockKnown(book, ref);
  if (dispute.openedBy !== userId) throw somebodyElses();
  refuseDecided(dispute);
  return end(book, dispute, { by: { userId, as: 'partner' }, outcome: 'withdrawn', given });
}

/**
 * Finance decides, once somebody has taken the dispute. The hold is lifted, or, where the outcome is that the commission
 * should not be, it is forfeited: rows that are added, as everywhere. Whatever else puts it right (a refund corrected, a
 * chargeback won) is said in the note. Throws NOT_FOUND, FORBIDDEN for one's own, DISPUTE_DECIDED, DISPUTE_NOT_TAKEN, and
 * COMMISSION_RELEASED or COMMISSION_CLOSED where there is nothing to be forfeited.
 */
export async function decideDispute(
  book: DisputeBook,
  order: DisputeRef & {
    userId: UserId;
    outcome: Exclude<DisputeOutcome, 'withdrawn'>;
    forfeits: boolean;
    written: DisputeText;
  },
  given: Given,
): Promise<Dispute> {
  const { userId, outcome, forfeits, written, ...ref } = order;
  await book.shareSplitLock();
  const dispute = await lockForStaff(book, { ...ref, userId });
  if (dispute.status === 'open') throw new DomainError('DISPUTE_NOT_TAKEN');
  return end(book, dispute, { by: { userId, as: 'staff' }, outcome, forfeits, written, given });
}

async function end(
  book: DisputeBook,
  dispute: Dispute,
  ending: { by: Actor; outcome: DisputeOutcome; forfeits?: boolean; written?: DisputeText; given: Given },
): Promise<Dispute> {
  const { by, outcome, forfeits = false, written, given } = ending;
  const decision: Decision = forfeits ? { kind: 'forfeit' } : { kind: 'lift', cause: 'dispute' };
  const decided = await decide(book, dispute, { by, decision, what: outcome, given });
  if (forfeits && decided.outcome !== 'done') throw refusalOf(decided.outcome, decided.commission);
  const entry: StepEntry = decided.outcome !== 'done' ? 'unchanged' : forfeits ? 'forfeited' : 'lifted';
  const kind = outcome === 'withdrawn' ? outcome : 'decided';
  return save(book, stepOf(dispute, { kind, by, at: given.now, outcome, entry, written }));
}

async function decide(
  book: DisputeBook,
  about: Pick<Dispute, 'tenantId' | 'id' | 'commissionId'>,
  { by, decision, what, given }: { by: Actor; decision: Decision; what: string; given: Given },
) {
  const order = {
    tenantId: about.tenantId,
    commissionIds: [about.commissionId],
    decision,
    reason: `Dispute ${about.id}: ${what}.`,
    decidedBy: `user:${by.userId}`,
  };
  const [decided] = await decideCommissions(book, order, given);
  if (decided === undefined) throw new Error('Every commission asked for is answered');
  return decided;
}

async function save(book: DisputeBook, stepped: Stepped): Promise<Dispute> {
  await book.save(stepped);
  return stepped.dispute;
}

async function lockKnown(book: DisputeBook, { tenantId, disputeId }: DisputeRef): Promise<Dispute> {
  const dispute = await book.lock(tenantId, disputeId);
  if (dispute === undefined) throw new DomainError('NOT_FOUND');
  return dispute;
}

/** Nobody judges the own case. */
async function lockForStaff(book: DisputeBook, { userId, ...ref }: DisputeRef & { userId: UserId }): Promise<Dispute> {
  const dispute = await lockKnown(book, ref);
  if (dispute.openedBy === userId) {
    throw new DomainError('FORBIDDEN', { detail: 'Somebody else looks into one’s own dispute.' });
  }
  refuseDecided(dispute);
  return dispute;
}

function refuseDecided({ status }: Dispute): void {
  if (status === 'decided') throw new DomainError('DISPUTE_DECIDED');
}

function somebodyElses(): DomainError {
  return new DomainError('FORBIDDEN', { detail: 'This is somebody else’s dispute.' });
}

function refuseTooMany({ steps }: Dispute): void {
  if (steps >= MAX_STEPS) throw new DomainError('DISPUTE_LIMIT_REACHED');
}
