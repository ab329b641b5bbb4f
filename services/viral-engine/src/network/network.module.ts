import { inDatabaseTransaction } from '@dailydoco/database';
import { repeat } from '@dailydoco/service';
import { gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { AsideStore } from './aside.store.js';
import { measureBacklog } from './backlog.store.js';
import { countMembers } from './count-members.js';
import { foldMoves } from './fold-moves.js';
import { MoveListStore } from './move-list.store.js';
import { MoveStore } from './move.store.js';
import { MovesHttp } from './moves.http.js';
import { Moves } from './moves.js';
import { NetworkCountStore } from './network-count.store.js';
import { NETWORK_CLOCK, NetworkHttp } from './network.http.js';
import { NetworkStore } from './network.store.js';
import { Networks } from './networks.js';
import { PatrolStore } from './patrol.store.js';
import { countWon, patrolPurchases } from './patrol-purchases.js';

/** Members that one database transaction counts: a purchase of one of them waits for its end, some milliseconds. */
const MEMBERS_BATCH = 500;
const MEMBERS_EVERY_MS = 1_000;
/** Members whose rows one database transaction writes after a move: a purchase of one of them waits, some hundredths of a second. */
const FOLD_BATCH = 500;
const FOLD_EVERY_MS = 1_000;
const PATROL_BATCH = 500;
const PATROL_EVERY_MS = 10_000;
const BACKLOG_EVERY_MS = 15_000;
const waitingMembers = gauge('dailydoco_network_waiting_members');

function moves({ pool, idempotency, outbox, clock, newId }: Runtime): Moves {
  return new Moves({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new MoveStore(tx, outbox))),
    reads: new MoveListStore(pool),
    clock,
    newId,
  });
}

/** Counts newcomers, brings moves into members' rows, and looks again at purchases that no event told of. */
export function countNetworks(runtime: Runtime): void {
  const { pool, clock } = runtime;
  repeat(runtime, {
    name: 'network-members',
    everyMs: MEMBERS_EVERY_MS,
    run: () => inDatabaseTransaction(pool, (tx) => countMembers(new NetworkCountStore(tx), MEMBERS_BATCH)),
  });
  repeat(runtime, {
    name: 'network-moves',
    everyMs: FOLD_EVERY_MS,
    run: () => inDatabaseTransaction(pool, (tx) => foldMoves(new AsideStore(tx), FOLD_BATCH)),
  });
  repeat(runtime, {
    name: 'network-backlog',
    everyMs: BACKLOG_EVERY_MS,
    run: async () => {
      const backlog = await measureBacklog(pool);
      waitingMembers.set(backlog.count, { work: 'count' });
      waitingMembers.set(backlog.move, { work: 'move' });
      return false;
    },
  });
  repeat(runtime, {
    name: 'network-patrol',
    everyMs: PATROL_EVERY_MS,
    run: async () => {
      const given = { now: clock.now(), limit: PATROL_BATCH };
      await inDatabaseTransaction(pool, (tx) => countWon(new PatrolStore(tx), given));
      return inDatabaseTransaction(pool, (tx) => patrolPurchases(new PatrolStore(tx), given));
    },
  });
}

@Module({
  providers: [
    { provide: Moves, useFactory: moves, inject: [RUNTIME] },
    { provide: Networks, useFactory: ({ pool }: Runtime) => new Networks(new NetworkStore(pool)), inject: [RUNTIME] },
    { provide: NETWORK_CLOCK, useFactory: ({ clock }: Runtime) => clock, inject: [RUNTIME] },
  ],
  controllers: [NetworkHttp, MovesHttp],
})
export class NetworkModule {}
