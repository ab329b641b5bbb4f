import { DomainError } from '@dailydoco/errors';
import { isWholeMinorUnits, type Money } from '@dailydoco/money';
import { asPayoutId, type PayoutId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import { type RequestTerms, refuseByTerms } from '../policies/request-terms.js';
import { mayBecome, type Payout, type PayoutStatus } from './payout.js';

export interface PayoutOrder {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly amount: Money;
  readonly methodId: PayoutMethodId;
}

/** Payouts in an open database transaction. */
export interface PayoutBook {
  hasMethod(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<boolean>;
  /** What the tenant's finance, a suspension or the method's age have against it. */
  terms(order: PayoutOrder): Promise<RequestTerms>;
  lock(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined>;
  /** Throws INSUFFICIENT_BALANCE. `askAt`: when it goes to the rail. */
  add(payout: Payout, askAt: Date): Promise<void>;
  /** Saves the payout with its new status, the step, its journal and its event. `askAt` undefined: nothing more to ask. */
  take(payout: Payout, askAt: Date | undefined): Promise<void>;
  /** When the rail is to be asked next about a payout that stands as it did. */
  askAgain(payout: Payout, askAt: Date | undefined): Promise<void>;
}

/**
 * Takes an order to pay out: the amount leaves the available balance in the same database transaction, so that no two
 * orders can have the same money. Throws AMOUNT_TOO_FINE, NOT_FOUND for a method that the person does not have,
 * what refuseByTerms throws, and INSUFFICIENT_BALANCE.
 */
export async function requestPayout(
  book: PayoutBook,
  order: PayoutOrder,
  given: { now: Date; newId: () => string; cancelWindowMs: number },
): Promise<Payout> {
  const { tenantId, personId, methodId } = order;
  const { amountMicros, currency } = order.amount;
  if (!isWholeMinorUnits(amountMicros, currency)) throw new DomainError('AMOUNT_TOO_FINE');
  if (!(await book.hasMethod(tenantId, personId, methodId))) {
    throw new DomainError('NOT_FOUND', { detail: 'There is no such payout method.' });
  }
  refuseByTerms(await book.terms(order), { amount: order.amount, now: given.now });
  const payout: Payout = {
    tenantId,
    id: asPayoutId(given.newId()),
    personId,
    methodId,
    amountMicros,
    currency,
    requestedAt: given.now,
    status: 'requested',
    reason: undefined,
    changedAt: given.now,
  };
  await book.add(payout, new Date(given.now.getTime() + given.cancelWindowMs));
  return payout;
}

/** Cancels a payout that has not gone to the rail. Throws NOT_FOUND and PAYOUT_NOT_CANCELLABLE; twice is as good as once. */
export async function cancelPayout(
  book: PayoutBook,
  { tenantId, personId, id, now }: { tenantId: TenantId; personId: UserId; id: PayoutId; now: Date },
): Promise<Payout> {
  const payout = await book.lock(tenantId, id);
  if (payout?.personId !== personId) throw new DomainError('NOT_FOUND');
  if (payout.status === 'cancelled') return payout;
  if (!mayBecome(payout.status, 'cancelled')) throw new DomainError('PAYOUT_NOT_CANCELLABLE');
  const cancelled: Payout = { ...payout, status: 'cancelled', changedAt: now };
  await book.take(cancelled, undefined);
  return cancelled;
}

/** What a rail knows of a payment by its reference. */
export interface RailAnswer {
  readonly state: 'processing' | 'settled' | 'failed' | 'returned';
  readonly reason: string | undefined;
  /** When it is worth asking again; undefined: nothing more will happen. */
  readonly askAgainAfterMs: number | undefined;
}

/**
 * The steps from a status to what the rail tells, in their order: an answer that was lost is made up for, one that was
 * overtaken by a later one tells nothing new. Throws on an answer that contradicts what was told before.
 */
export function stepsTo(status: PayoutStatus, state: RailAnswer['state']): PayoutStatus[] {
  const overtaken = status === 'returned' && state === 'settled';
  if (state === 'processing' || status === state || overtaken) return [];
  const path: PayoutStatus[] = state === 'returned' ? ['settled', 'returned'] : [state];
  const steps = path.slice(path.indexOf(status) + 1);
  const lawful = steps.every((step, n) => mayBecome(n === 0 ? status : (steps[n - 1] ?? status), step));
  if (!lawful) throw new Error(`a payout that is ${status} cannot become ${state}`);
  return steps;
}

/** Writes down what the rail told. Told again, or after it was overtaken, it changes nothing. */
export async function recordAnswer(
  book: PayoutBook,
  asked: Pick<Payout, 'tenantId' | 'id'>,
  { answer, now }: { answer: RailAnswer; now: Date },
): Promise<PayoutStatus[]> {
  let payout = await book.lock(asked.tenantId, asked.id);
  if (payout === undefined) throw new Error('a payout is never gone');
  const steps = stepsTo(payout.status, answer.state);
  const { askAgainAfterMs } = answer;
  const askAt = askAgainAfterMs === undefined ? undefined : new Date(now.getTime() + askAgainAfterMs);
  for (const status of steps) {
    payout = { ...payout, status, reason: status === answer.state ? answer.reason : undefined, changedAt: now };
    await book.take(payout, askAt);
  }
  if (steps.length === 0) await book.askAgain(payout, askAt);
  return steps;
}
