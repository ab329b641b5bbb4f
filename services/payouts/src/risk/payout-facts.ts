import type { Payout } from '../payouts/payout.js';
import type { Tuning } from './tuning.js';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
/** The week that velocity looks at is held against so many weeks before it. */
export const HISTORY_WEEKS = 8;

/** What the rules go by about one payout. Amounts are micros of its currency. */
export interface PayoutFacts {
  readonly payout: Pick<Payout, 'amountMicros' | 'currency' | 'requestedAt'>;
  /** The available balance before the payout took its amount from it. */
  readonly balanceBeforeMicros: bigint;
  /** What of it became available within the hours of `earnings_too_young`. */
  readonly youngMicros: bigint;
  /** Taken back from the available balance within the days of `recent_reversals`. */
  readonly reversed: { readonly count: number; readonly micros: bigint };
  /** The lowest available balance within the days of `negative_balance`; undefined: nothing was posted. */
  readonly lowestBalanceMicros: bigint | undefined;
  /** Undecided disputes of the person about commissions that could not be held any more; what is held waits by itself. */
  readonly openDisputes: number;
  readonly method: {
    readonly addedAt: Date;
    /** Whether the person had another method before it, deleted or not. */
    readonly tookAnothersPlace: boolean;
    /** Whether a payout to it has settled before. */
    readonly wasPaidBefore: boolean;
    /** People of the tenant who have a method with the same real account, this person included. */
    readonly people: number;
  };
  /** The person's other payouts asked for until then, without those that failed or were cancelled. */
  readonly others: {
    readonly lastDay: number;
    readonly lastWeekMicros: bigint;
    /** Over the weeks before the last one. */
    readonly historyMicros: bigint;
    /** Whether anything was ever paid to the person. */
    readonly everPaid: boolean;
  };
}

/** Since when the rules look back for a payout. */
export interface Windows {
  readonly youngSince: Date;
  readonly reversalsSince: Date;
  readonly negativeSince: Date;
  readonly daySince: Date;
  readonly weekSince: Date;
  readonly historySince: Date;
}

export function windowsOf({ requestedAt }: Pick<Payout, 'requestedAt'>, { rules }: Tuning): Windows {
  const before = (ms: number): Date => new Date(requestedAt.getTime() - ms);
  return {
    youngSince: before(rules.earnings_too_young.hours * HOUR_MS),
    reversalsSince: before(rules.recent_reversals.days * DAY_MS),
    negativeSince: before(rules.negative_balance.days * DAY_MS),
    daySince: before(DAY_MS),
    weekSince: before(7 * DAY_MS),
    historySince: before(7 * (HISTORY_WEEKS + 1) * DAY_MS),
  };
}
