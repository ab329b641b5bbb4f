import { DomainError } from '@dailydoco/errors';
import type { TenantId } from '../ids.js';
import { carryOutHit, type CarriedOut, type StoppedBook } from '../payouts/carry-out-hit.js';
import type { HitCase, HitOrder } from './hit-case.js';

/** Hits in an open database transaction, and the payouts that they stop. */
export interface HitBook {
  readonly payouts: StoppedBook;
  /** Nobody else decides about it until the end. */
  lock(tenantId: TenantId, hitId: string): Promise<HitCase | undefined>;
  /** Nobody screens its person until the end; waits for whoever is just doing so. */
  holdPerson(tenantId: TenantId, hit: HitCase): Promise<void>;
  decide(order: HitOrder, at: Date): Promise<void>;
}

/** A hit as it was decided, and what that made of payouts. */
export interface DecidedHit extends CarriedOut {
  readonly hit: HitCase;
}

/**
 * Decides about a pair of person and entry, and with it about every payout that waits for it. Cleared, it stops nothing
 * any more until either changes, and payouts that wait for nothing else go on; confirmed, it always does, and the
 * person's payouts that no rail has been told of have failed. May be decided otherwise later; every decision is kept.
 * Throws NOT_FOUND, FORBIDDEN to the person whom it is about, and SELF_APPROVAL to who has asked for one of the payouts.
 */
export async function decideHit(book: HitBook, order: HitOrder, at: Date): Promise<DecidedHit> {
  const { tenantId, hitId, decision, reason, decidedBy } = order;
  const hit = await book.lock(tenantId, hitId);
  if (hit === undefined) throw new DomainError('NOT_FOUND');
  if (hit.personId === decidedBy.userId) throw new DomainError('FORBIDDEN');
  // Payouts first, then the person: the order in which the worker takes them.
  const unsent = await book.payouts.lockUnsent(tenantId, hit.personId);
  await book.holdPerson(tenantId, hit);
  await book.decide(order, at);
  // Whoever was screening the person while the payouts were locked is done, and may have stopped one that was not among them.
  const known = new Set(unsent.map(({ id }) => id));
  const late = (await book.payouts.lockStoppedBy(tenantId, hitId)).filter(({ id }) => !known.has(id));
  const verdict = { tenantId, hitId, decision, by: decidedBy.userId, reason, now: at };
  const done = await carryOutHit(book.payouts, [...unsent, ...late], verdict);
  return { ...done, hit: { ...hit, status: decision, decided: { reason, by: decidedBy.callerId, at } } };
}
