import { inDatabaseTransaction } from '@dailydoco/database';
import { gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { countOverdue } from './dispute-rows.store.js';
import { DisputeStore } from './dispute.store.js';
import { Disputes } from './disputes.js';
import { DisputesHttp } from './disputes.http.js';
import { escalateDisputes } from './escalate-disputes.js';

/** Most disputes that one database transaction escalates. */
const ESCALATION_BATCH = 100;
const overdue = gauge('dailydoco_overdue_disputes');

/** What looks for disputes past their deadline, and measures them. Resolves to true when there may be more at once. */
export async function watchDeadlines(runtime: Pick<Runtime, 'pool' | 'outbox' | 'clock' | 'randomBytes'>) {
  const { pool, clock } = runtime;
  const now = clock.now();
  const more = await inDatabaseTransaction(pool, (tx) =>
    escalateDisputes(new DisputeStore(tx, runtime), { now, limit: ESCALATION_BATCH }),
  );
  overdue.set(await countOverdue(pool, now));
  return more;
}

function disputes(runtime: Runtime): Disputes {
  const { pool, idempotency, clock, newId } = runtime;
  return new Disputes({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new DisputeStore(tx, runtime))),
    reads: new DisputeStore(pool, runtime),
    clock,
    newId,
  });
}

@Module({
  providers: [{ provide: Disputes, useFactory: disputes, inject: [RUNTIME] }],
  controllers: [DisputesHttp],
})
export class DisputesModule {}
