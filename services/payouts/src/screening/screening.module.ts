import { inDatabaseTransaction } from '@dailydoco/database';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { LedgerStore } from '../ledger/ledger.store.js';
import { measureDecisions, measureReviewed } from '../payouts/payout-measures.module.js';
import { ReviewStore } from '../payouts/review.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { HitReadStore, HitStore } from './hit.store.js';
import { Screening } from './hits.js';
import { ListStore } from './list.store.js';
import { oldestOpenHitSeconds, OutdatedStore } from './outdated.store.js';
import { rescreenPeople } from './rescreen-people.js';
import { ScreeningHttp } from './screening.http.js';
import { screeningIn, type ScreeningTools } from './screening-in.store.js';

const decisions = counter('dailydoco_screening_decisions_total');
const oldestHit = gauge('dailydoco_screening_oldest_hit_age_seconds');

/** One round of screening people again after lists changed. True: there is more to do. */
export async function rescreen(runtime: ScreeningTools & Pick<Runtime, 'pool'>): Promise<boolean> {
  const { pool, clock } = runtime;
  const isMore = await inDatabaseTransaction(pool, (tx) =>
    rescreenPeople({ ...screeningIn(tx, runtime), outdated: new OutdatedStore(tx) }),
  );
  if (!isMore) oldestHit.set(await oldestOpenHitSeconds(pool, clock.now()));
  return isMore;
}

function screening(runtime: Runtime): Screening {
  const { pool, idempotency, clock, outbox } = runtime;
  return new Screening({
    reads: new HitReadStore(pool),
    once: (call, work) =>
      idempotency.run(pool, call, (tx) =>
        work(new HitStore(tx, new ReviewStore(tx, { ledger: new LedgerStore(tx, runtime), outbox }))),
      ),
    oncePerList: (call, work) => idempotency.run(pool, call, (tx) => work(new ListStore(tx))),
    decided: ({ hit: { kind, status }, changed, closed }) => {
      decisions.add(1, { kind, decision: status });
      measureReviewed(changed);
      measureDecisions(closed, status === 'cleared' ? 'cleared' : 'upheld');
    },
    clock,
  });
}

@Module({
  providers: [{ provide: Screening, useFactory: screening, inject: [RUNTIME] }],
  controllers: [ScreeningHttp],
})
export class ScreeningModule {}
