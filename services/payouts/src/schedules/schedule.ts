import { DomainError } from '@dailydoco/errors';
import { type CurrencyCode, floorToMinorUnit } from '@dailydoco/money';
import type { PayoutId, PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { Rail, RailKind } from '../rails/rail.js';
import { dayOf, nextDay, type Rhythm } from './calendar.js';

/**
 * How a look at a schedule ended. After `paid` and what only time or another choice can change, the rhythm's next day
 * comes; what may be over in an hour is looked at again then, for the same day.
 */
export const OUTCOMES = [
  'paid',
  'below_minimum',
  'below_threshold',
  'method_deleted',
  'unreachable',
  'refused',
  'stopped',
  'frozen',
  'method_held',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes after which it is tried again for the same day. */
const PASSING: ReadonlySet<Outcome> = new Set(['below_threshold', 'refused', 'stopped', 'frozen', 'method_held']);
const TRY_AGAIN_MS = 3_600_000;

/** Whose payouts in which currency: a person has one schedule for each. */
export interface ScheduleKey {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly currency: CurrencyCode;
}

export interface Schedule extends ScheduleKey {
  readonly rhythm: Rhythm;
  readonly methodId: PayoutMethodId;
  readonly changedAt: Date;
  /** The day, in UTC, whose payout is next. */
  readonly dueOn: Date;
  readonly lookAt: Date;
  readonly last: { readonly outcome: Outcome; readonly at: Date; readonly payoutId: PayoutId | undefined } | undefined;
}

/** A schedule whose time has come, with all that decides what becomes of it. */
export interface DueSchedule extends Schedule {
  readonly availableMicros: bigint;
  readonly rail: RailKind;
  readonly methodDeleted: boolean;
  readonly heldUntil: Date | undefined;
  readonly stopped: boolean;
  readonly frozen: boolean;
  /** The tenant's own least; undefined: the rail's counts. */
  readonly minimumMicros: bigint | undefined;
}

export type ScheduleRails = ReadonlyMap<RailKind, Pick<Rail, 'capabilities'>>;

/**
 * What a schedule pays now, in whole minor units and no more than the rail takes at once: the rest stays on the account.
 * Or why it pays nothing.
 */
export function decideLook(due: DueSchedule, given: { rails: ScheduleRails; now: Date }): bigint | Outcome {
  if (due.methodDeleted) return 'method_deleted';
  if (due.stopped) return 'stopped';
  if (due.frozen) return 'frozen';
  if (due.heldUntil !== undefined && given.now < due.heldUntil) return 'method_held';
  const limits = given.rails.get(due.rail)?.capabilities.limits.get(due.currency);
  if (limits === undefined) return 'unreachable';
  if (due.rhythm.interval === 'threshold' && due.availableMicros < due.rhythm.thresholdMicros) return 'below_threshold';
  const most = due.availableMicros < limits.maximumMicros ? due.availableMicros : limits.maximumMicros;
  const amountMicros = most <= 0n ? 0n : floorToMinorUnit(most, due.currency);
  const own = due.minimumMicros ?? 0n;
  const least = own > limits.minimumMicros ? own : limits.minimumMicros;
  return amountMicros <= 0n || amountMicros < least ? 'below_minimum' : amountMicros;
}

const REFUSALS: ReadonlyMap<string, Outcome> = new Map([
  ['PAYOUTS_STOPPED', 'stopped'],
  ['PAYOUTS_FROZEN', 'frozen'],
  ['PAYOUT_METHOD_HELD', 'method_held'],
  ['PAYOUT_BELOW_MINIMUM', 'below_minimum'],
  ['RAIL_UNREACHABLE', 'unreachable'],
  ['NOT_FOUND', 'method_deleted'],
]);

/** The outcome that a refused request stands for. A bug is no outcome: it is thrown on. */
export function outcomeOfRefusal(error: unknown): Outcome {
  if (!(error instanceof DomainError)) throw error;
  return REFUSALS.get(error.reason) ?? 'refused';
}

/** When a schedule is looked at next, and for which day. */
export function afterLook(
  { rhythm, dueOn }: Pick<Schedule, 'rhythm' | 'dueOn'>,
  outcome: Outcome,
  now: Date,
): { dueOn: Date; lookAt: Date } {
  if (PASSING.has(outcome)) {
    const lookAt = new Date(now.getTime() + TRY_AGAIN_MS);
    // A threshold belongs to the day on which it is reached.
    return { dueOn: rhythm.interval === 'threshold' ? dayOf(lookAt) : dueOn, lookAt };
  }
  const next = nextDay(rhythm, now);
  return { dueOn: next, lookAt: next };
}
