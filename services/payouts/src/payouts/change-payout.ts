import { DomainError } from '@dailydoco/errors';
import { BPS, floorToMinorUnit, isWholeMinorUnits, type Money, mulDivFloor } from '@dailydoco/money';
import { asPayoutId, type PayoutId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import type { RailCapabilities, RailKind } from '../rails/rail.js';
import { mayBecome, type Payout } from './payout.js';
import type { Withholding } from './screen.js';

export interface PayoutOrder {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly amount: Money;
  readonly methodId: PayoutMethodId;
  /** Who asks: the person, somebody of finance, or nobody when a schedule does. Absent: the person. */
  readonly requestedBy?: UserId | undefined;
}

/** A payout as it stands after a step, and what the step leaves behind. */
export interface Change {
  readonly payout: Payout;
  /** When it is worth looking at it again; undefined: it waits for somebody's word. */
  readonly askAt: Date | undefined;
  /** Who decided it; undefined: the service by its rules, or the rail. */
  readonly by?: UserId | undefined;
  /** What that person said. */
  readonly note?: string | undefined;
  /** What the rail has taken from the house, told just now; it is booked once per payout. */
  readonly chargedMicros?: bigint | undefined;
}

/** Payouts in an open database transaction. Everything that takes many does it with as many statements as for one. */
export interface PayoutBook {
  /** The rail of a person's method that is not deleted. */
  railOf(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<RailKind | undefined>;
  isFrozen(tenantId: TenantId, personId: UserId): Promise<boolean>;
  lock(tenantId: TenantId, id: PayoutId): Promise<Payout | undefined>;
  /** The payouts under their row locks, taken in one order by everybody; ids that there are not are left out. */
  lockAll(keys: readonly Pick<Payout, 'tenantId' | 'id'>[]): Promise<Payout[]>;
  /** Adds new payouts with their first step. Throws INSUFFICIENT_BALANCE. */
  add(changes: readonly Change[]): Promise<void>;
  /** Saves steps with their journals and their events; several of one payout in their order. */
  take(changes: readonly Change[]): Promise<void>;
  /** Saves what became known of payouts that stand as they did, and when to look next; each payout once. */
  keep(changes: readonly Change[]): Promise<void>;
}

export interface RequestGiven {
  readonly now: Date;
  readonly newId: () => string;
  /** How long a payout waits before it goes its way, in milliseconds; until then nobody looks at it. */
  readonly cancelWindowMs: number;
  /** What each rail reaches. */
  readonly reach: ReadonlyMap<RailKind, { readonly capabilities: RailCapabilities }>;
  readonly withholding: Withholding;
}

/**
 * Takes an order to pay out: the amount leaves the available balance in the same database transaction, so that no two
 * orders can have the same money. Throws AMOUNT_TOO_FINE, NOT_FOUND for a method that the person does not have,
 * PAYOUTS_FROZEN, RAIL_UNREACHABLE, PAYOUT_BELOW_MINIMUM, PAYOUT_ABOVE_MAXIMUM and INSUFFICIENT_BALANCE.
 */
export async function requestPayout(book: PayoutBook, order: PayoutOrder, given: RequestGiven): Promise<Payout> {
  const { tenantId, personId, methodId, amount } = order;
  const { amountMicros, currency } = amount;
  if (!isWholeMinorUnits(amountMicros, currency)) throw new DomainError('AMOUNT_TOO_FINE');
  const rail = await book.railOf(tenantId, personId, methodId);
  if (rail === undefined) throw new DomainError('NOT_FOUND', { detail: 'There is no such payout method.' });
  if (await book.isFrozen(tenantId, personId)) throw new DomainError('PAYOUTS_FROZEN');
  const rates = await given.withholding.bpsOf([{ tenantId, personId }], given.now);
  const withheldMicros = withheldOf(amount, rates.get(personId) ?? 0);
  checkReach(given.reach.get(rail)?.capabilities, { amountMicros: amountMicros - withheldMicros, currency });
  const payout: Payout = {
    tenantId,
    id: asPayoutId(given.newId()),
    personId,
    methodId,
    rail,
    amountMicros,
    withheldMicros,
    currency,
    requestedAt: given.now,
    status: 'requested',
    reason: undefined,
    changedAt: given.now,
    feeMicros: 0n,
    railReference: undefined,
    batchId: undefined,
  };
  const askAt = new Date(given.now.getTime() + given.cancelWindowMs);
  await book.add([{ payout, askAt, by: 'requestedBy' in order ? order.requestedBy : personId }]);
  return payout;
}

/** Tax of an amount at a rate of basis points, floored to whole minor units, so that the rest can be paid. */
export function withheldOf({ amountMicros, currency }: Money, bps: number): bigint {
  return floorToMinorUnit(mulDivFloor(amountMicros, BigInt(bps), BPS), currency);
}

/** Refuses what the rail does not carry; `money` is what it would be handed. */
function checkReach(capabilities: RailCapabilities | undefined, { amountMicros, currency }: Money): void {
  const limits = capabilities?.limits.get(currency);
  if (limits === undefined) throw new DomainError('RAIL_UNREACHABLE');
  if (amountMicros < limits.minimumMicros || amountMicros <= 0n) throw new DomainError('PAYOUT_BELOW_MINIMUM');
  if (amountMicros > limits.maximumMicros) throw new DomainError('PAYOUT_ABOVE_MAXIMUM');
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
  await book.take([{ payout: cancelled, askAt: undefined, by: personId }]);
  return cancelled;
}
