import { fingerprint, keyFor } from '@dailydoco/sealing';
import { Module } from '@nestjs/common';
import type { Config } from '../config.js';
import { PersonSealer } from '../person-keys/person-sealer.store.js';
import { PolicyStore } from '../policies/policy.store.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { DestinationStore } from './destinations.store.js';
import { MethodsGrpc } from './methods.grpc.js';
import { PayoutMethodReadStore, PayoutMethodStore } from './payout-method.store.js';
import { PayoutMethods } from './payout-methods.js';
import { PayoutMethodsHttp } from './payout-methods.http.js';
import { PayoutRailsHttp } from './payout-rails.http.js';

const HOUR_MS = 3_600_000;

type Keeping = Pick<Runtime, 'randomBytes' | 'outbox'> & { config: Pick<Config, 'KEY_ENCRYPTION_SECRET'> };

/** What payout methods are kept with. Each key is derived for its use alone. */
export function methodSecrecy({
  config,
  randomBytes,
  outbox,
}: Keeping): ConstructorParameters<typeof PayoutMethodStore>[1] {
  const secret = Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64');
  return {
    sealer: new PersonSealer({ secret, use: 'payouts payout methods', randomBytes }),
    fingerprintKey: keyFor('payouts payout method fingerprints', secret),
    outbox,
  };
}

/** Payout methods in the clear, for the worker that hands payments to rails. */
export function destinations(runtime: Keeping & Pick<Runtime, 'pool' | 'rails'>): DestinationStore {
  return new DestinationStore(runtime.pool, { sealer: methodSecrecy(runtime).sealer, rails: runtime.rails });
}

function payoutMethods(runtime: Runtime): PayoutMethods {
  const { pool, idempotency, clock, newId, config, rails } = runtime;
  const secrecy = methodSecrecy(runtime);
  const key = keyFor('payouts payout method requests', Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'));
  return new PayoutMethods({
    once: (call, work) => idempotency.run(pool, call, (tx) => work(new PayoutMethodStore(tx, secrecy))),
    reads: new PayoutMethodReadStore(pool),
    rails,
    policy: (tenantId) => new PolicyStore(pool).policy(tenantId),
    clock,
    newId,
    holdMs: config.PAYOUT_METHOD_HOLD_HOURS * HOUR_MS,
    hideHash: (hash) => fingerprint(hash, { key, boundTo: 'request' }),
  });
}

@Module({
  providers: [{ provide: PayoutMethods, useFactory: payoutMethods, inject: [RUNTIME] }],
  controllers: [PayoutMethodsHttp, PayoutRailsHttp, MethodsGrpc],
})
export class MethodsModule {}
