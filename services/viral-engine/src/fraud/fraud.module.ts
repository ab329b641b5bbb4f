import { inDatabaseTransaction } from '@dailydoco/database';
import type { ConsumerDefinition } from '@dailydoco/events';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { fraudConsumer } from './fraud.consumer.js';
import { deleteOld, FraudStore } from './fraud.store.js';
import { closeMoot, oldestOpenSeconds, ReviewReadStore, ReviewStore } from './review.store.js';
import { Reviews } from './reviews.js';
import { ReviewsHttp } from './reviews.http.js';
import { RulesHttp } from './rules.http.js';
import { MAX_WINDOW_DAYS } from './tuning.js';
import { TuningStore } from './tuning.store.js';

const DAY_MS = 86_400_000;
const SWEEP_BATCH = 1_000;
/** A day more than the longest window, because windows begin with a full hour. */
const KEPT_MS = (MAX_WINDOW_DAYS + 1) * DAY_MS;

const decisions = counter('dailydoco_fraud_decisions_total');
const oldest = gauge('dailydoco_fraud_oldest_review_age_seconds');

function reviews({ pool, outbox, idempotency, clock, newId }: Runtime): Reviews {
  return new Reviews({
    reads: new ReviewReadStore(pool),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new ReviewStore(tx, outbox))),
    withTuning: (work) => inDatabaseTransaction(pool, (tx) => work(new TuningStore(tx))),
    decided: (decision, rules) => rules.forEach((rule) => decisions.add(1, { rule, decision })),
    clock,
    newId,
  });
}

/** What scores purchases as they are told. */
export function scoring({ outbox, clock, newId }: Runtime): ConsumerDefinition {
  return fraudConsumer({ book: (sql) => new FraudStore(sql, outbox), clock, newId });
}

/**
 * Closes what is moot, however it came to be, measures how long somebody has been waiting for a decision, and deletes
 * what no window reaches. True: there is more to do.
 */
export async function tidyReviews({ pool, clock }: Pick<Runtime, 'pool' | 'clock'>): Promise<boolean> {
  const now = clock.now();
  const closed = await closeMoot(pool, { at: now, limit: SWEEP_BATCH });
  oldest.set(await oldestOpenSeconds(pool, now));
  const before = new Date(now.getTime() - KEPT_MS);
  const isMoreOld = await deleteOld(pool, { before, limit: SWEEP_BATCH });
  return closed === SWEEP_BATCH || isMoreOld;
}

@Module({
  providers: [{ provide: Reviews, useFactory: reviews, inject: [RUNTIME] }],
  controllers: [ReviewsHttp, RulesHttp],
})
export class FraudModule {}
