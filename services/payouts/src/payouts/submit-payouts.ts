import { type PayoutBook, type RailAnswer, recordAnswer } from './change-payout.js';
import type { Payout, PayoutStatus } from './payout.js';

/** A way for money to leave. */
export interface Rail {
  /**
   * Pays once per reference (the payout's id), and tells how that payment stands however often it is asked. An error
   * says nothing: the payment may have been made, so only asking again with the same reference is safe.
   */
  pay(payout: Payout): Promise<RailAnswer>;
}

export interface SubmitGiven {
  /**
   * Takes payouts whose time to be asked about has come, in a database transaction of its own, and keeps them from
   * others for a while: what was requested is submitted from here on and can no longer be cancelled. Payouts of
   * suspended persons stay where they are, unless they are settled: asking about those can only bring money back.
   */
  readonly claim: (now: Date, limit: number) => Promise<Payout[]>;
  readonly rail: Rail;
  readonly inTransaction: <T>(work: (book: PayoutBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
  readonly taken: (step: PayoutStatus) => void;
  readonly failed: (payout: Payout, error: unknown) => void;
}

/** At most this many payouts are on their way to the rail at once. */
const BATCH = 50;

/**
 * Asks the rail about what is due: claim, ask, write down, each for itself. A crash between them loses nothing and pays
 * nothing twice, since the claim runs out and the same reference is asked again. Returns whether there may be more.
 */
export async function submitPayouts({
  claim,
  rail,
  inTransaction,
  clock,
  taken,
  failed,
}: SubmitGiven): Promise<boolean> {
  const payouts = await claim(clock.now(), BATCH);
  await Promise.all(
    payouts.map(async (payout) => {
      try {
        const answer = await rail.pay(payout);
        const steps = await inTransaction((book) => recordAnswer(book, payout, { answer, now: clock.now() }));
        for (const step of steps) taken(step);
      } catch (error) {
        failed(payout, error);
      }
    }),
  );
  return payouts.length === BATCH;
}
