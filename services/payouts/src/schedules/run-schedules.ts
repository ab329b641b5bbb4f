import type { Money } from '@dailydoco/money';
import { asPayoutId, type PayoutId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import {
  afterLook,
  decideLook,
  type DueSchedule,
  type Outcome,
  outcomeOfRefusal,
  type ScheduleRails,
} from './schedule.js';

/** How a look ended and when the next one is. */
export interface Look {
  readonly due: DueSchedule;
  readonly outcome: Outcome;
  readonly payoutId: PayoutId | undefined;
  readonly at: Date;
  readonly dueOn: Date;
  readonly lookAt: Date;
}

/** One open database transaction, in which a schedule asks for a payout. */
export interface RunBook {
  /** The payout of this day: the one told, unless there was another before. */
  claimDay(due: DueSchedule, payoutId: PayoutId, at: Date): Promise<PayoutId>;
  /** As if the person had asked; see requestPayout for what it refuses. */
  request(
    order: { tenantId: TenantId; personId: UserId; methodId: PayoutMethodId; amount: Money },
    payoutId: PayoutId,
  ): Promise<unknown>;
  /** Writes looks down, unless the person has chosen anew since; that choice has its own next look. */
  saveLooks(looks: readonly Look[]): Promise<void>;
}

export interface RunGiven {
  /** Schedules whose time has come, those that wait longest first. */
  readonly due: (now: Date, limit: number) => Promise<DueSchedule[]>;
  readonly inTransaction: <T>(work: (book: RunBook) => Promise<T>) => Promise<T>;
  readonly rails: ScheduleRails;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly looked: (outcome: Outcome) => void;
  readonly signal: AbortSignal;
}

const BATCH = 500;
/** Payouts that are asked for at the same time. */
const AT_ONCE = 8;

/**
 * Looks at what is due, once. Whatever pays nothing is written down in one statement; every payout is asked for in a
 * database transaction of its own, with the row that keeps its day from being paid twice: a crash between them, a second
 * replica and a changed clock pay nobody again. Returns whether there may be more.
 */
export async function runSchedules(given: RunGiven): Promise<boolean> {
  const now = given.clock.now();
  const due = await given.due(now, BATCH);
  const decided = due.map((schedule) => ({ schedule, look: decideLook(schedule, { rails: given.rails, now }) }));
  const skipped = decided.flatMap(({ schedule, look }) =>
    typeof look === 'bigint' ? [] : [lookOf(schedule, look, { now })],
  );
  await save(given, skipped);
  const paying = decided.flatMap(({ schedule, look }) =>
    typeof look === 'bigint' ? [{ schedule, amountMicros: look }] : [],
  );
  const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (const [n, { schedule, amountMicros }] of paying.entries()) {
      if (n % AT_ONCE === lane && !given.signal.aborted) await pay(given, schedule, { amountMicros, now });
    }
  });
  await Promise.all(lanes);
  return due.length === BATCH;
}

async function pay(
  given: RunGiven,
  due: DueSchedule,
  { amountMicros, now }: { amountMicros: bigint; now: Date },
): Promise<void> {
  const { tenantId, personId, methodId, currency } = due;
  const payoutId = asPayoutId(given.newId());
  try {
    await given.inTransaction(async (book) => {
      const ofToday = await book.claimDay(due, payoutId, now);
      if (ofToday === payoutId) {
        await book.request({ tenantId, personId, methodId, amount: { amountMicros, currency } }, payoutId);
      }
      await book.saveLooks([lookOf(due, 'paid', { now, payoutId: ofToday })]);
    });
    given.looked('paid');
  } catch (error) {
    await save(given, [lookOf(due, outcomeOfRefusal(error), { now })]);
  }
}

async function save(given: RunGiven, looks: readonly Look[]): Promise<void> {
  if (looks.length === 0) return;
  await given.inTransaction((book) => book.saveLooks(looks));
  for (const { outcome } of looks) given.looked(outcome);
}

function lookOf(
  due: DueSchedule,
  outcome: Outcome,
  { now, payoutId }: { now: Date; payoutId?: PayoutId | undefined },
): Look {
  return { due, outcome, payoutId, at: now, ...afterLook(due, outcome, now) };
}
