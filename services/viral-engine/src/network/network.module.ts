import { inDatabaseTransaction } from '@dailydoco/database';
import { repeat } from '@dailydoco/service';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { countMembers } from './count-members.js';
import { MoveStore } from './move.store.js';
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
const PATROL_BATCH = 500;
const PATROL_EVERY_MS = 10_000;

function moves({ pool, idempotency, outbox, clock, newId }: Runtime): Moves {
  return new Moves({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new MoveStore(tx, outbox))),
    clock,
    newId,
  });
}

/** Counts newcomers, and looks again at purchases that no event told of. */
export function countNetworks(runtime: Runtime): void {
  const { pool, clock } = runtime;
  repeat(runtime, {
    name: 'network-members',
    everyMs: MEMBERS_EVERY_MS,
    run: () => inDatabaseTransaction(pool, (tx) => countMembers(new NetworkCountStore(tx), MEMBERS_BATCH)),
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
  controllers: [NetworkHttp],
})
export class NetworkModule {}
