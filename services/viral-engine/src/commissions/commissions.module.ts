import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { CommissionDecisions } from './commission-decisions.js';
import { CommissionStore } from './commission.store.js';
import { CommissionsHttp } from './commissions.http.js';
import { DecisionStore } from './decision.store.js';
import { DecisionsHttp } from './decisions.http.js';
import { DueStore } from './due.store.js';
import { FindCommissions } from './find-commissions.js';
import { releaseDue } from './release-due.js';

function decisions({ pool, outbox, idempotency, clock, newId }: Runtime): CommissionDecisions {
  return new CommissionDecisions({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new DecisionStore(tx, outbox))),
    clock,
    newId,
  });
}

/** Most purchases that one database transaction releases commissions of: some 2,000 of seven levels. */
const RELEASE_BATCH = 290;
/** Batches under way at the same time in one replica, each with its own part of the purchases. */
const RELEASE_LANES = 2;

/** What releases commissions that fell due. Resolves to true when there may be more to do at once. */
export async function releaseCommissions({
  pool,
  outbox,
  clock,
}: Pick<Runtime, 'pool' | 'outbox' | 'clock'>): Promise<boolean> {
  const release = (lane: number) =>
    inDatabaseTransaction(pool, (tx) =>
      releaseDue(new DueStore(tx, outbox), { now: clock.now(), limit: RELEASE_BATCH, lane, lanes: RELEASE_LANES }),
    );
  const handled = await Promise.all(Array.from({ length: RELEASE_LANES }, (_, lane) => release(lane)));
  return handled.some((count) => count > 0);
}

@Module({
  providers: [
    { provide: CommissionDecisions, useFactory: decisions, inject: [RUNTIME] },
    {
      provide: FindCommissions,
      useFactory: ({ pool, prisma }: Runtime) => new FindCommissions(new CommissionStore(pool, prisma)),
      inject: [RUNTIME],
    },
  ],
  controllers: [CommissionsHttp, DecisionsHttp],
})
export class CommissionsModule {}
