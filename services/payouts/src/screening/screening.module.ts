import { inDatabaseTransaction, type Sql } from '@dailydoco/database';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { PersonSealer } from '../person-keys/person-sealer.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { recordSealer } from '../tax/tax.module.js';
import { HitStore } from './hit.store.js';
import { Screening } from './hits.js';
import { ListStore } from './list.store.js';
import { type ListIndexes, LocalLists } from './list-indexes.store.js';
import { oldestOpenHitSeconds, OutdatedStore } from './outdated.store.js';
import { PersonNames } from './person-names.store.js';
import { rescreenPeople } from './rescreen-people.js';
import type { SanctionsList } from './sanctions-list.js';
import type { ScreeningBook } from './screen-people.js';
import { ScreeningHttp } from './screening.http.js';
import { ScreeningStore } from './screening.store.js';

const decisions = counter('dailydoco_screening_decisions_total');
const oldestHit = gauge('dailydoco_screening_oldest_hit_age_seconds');

/** What screening needs besides the database. */
export interface ScreeningTools {
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly nameIndexes: ListIndexes;
  readonly config: { readonly KEY_ENCRYPTION_SECRET: string };
}

/** Screening in an open database transaction. */
export function screeningIn(sql: Sql, tools: ScreeningTools): { lists: SanctionsList; book: ScreeningBook } {
  const { clock, newId, randomBytes, nameIndexes } = tools;
  const secret = Buffer.from(tools.config.KEY_ENCRYPTION_SECRET, 'base64');
  const methods = new PersonSealer({ secret, use: 'payouts payout methods', randomBytes });
  const names = new PersonNames({ methods, records: recordSealer({ secret, randomBytes }), secret });
  const book = new ScreeningStore(sql, { subjectsOf: (tx, people) => names.subjectsOf(tx, people), clock, newId });
  return { lists: new LocalLists(sql, nameIndexes), book };
}

/** One round of screening people again after lists changed. True: there is more to do. */
export async function rescreen(runtime: ScreeningTools & Pick<Runtime, 'pool'>): Promise<boolean> {
  const { pool, clock } = runtime;
  const isMore = await inDatabaseTransaction(pool, (tx) =>
    rescreenPeople({ ...screeningIn(tx, runtime), outdated: new OutdatedStore(tx) }),
  );
  if (!isMore) oldestHit.set(await oldestOpenHitSeconds(pool, clock.now()));
  return isMore;
}

function screening({ pool, idempotency, clock }: Runtime): Screening {
  return new Screening({
    reads: new HitStore(pool),
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new HitStore(tx))),
    oncePerList: (call, work) => idempotency.run(pool, call, (tx) => work(new ListStore(tx))),
    decided: ({ kind, status }) => decisions.add(1, { kind, decision: status }),
    clock,
  });
}

@Module({
  providers: [{ provide: Screening, useFactory: screening, inject: [RUNTIME] }],
  controllers: [ScreeningHttp],
})
export class ScreeningModule {}
