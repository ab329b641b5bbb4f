import { randomBytes } from 'node:crypto';
import { ReconciliationServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { type Basis, type Callers, connect, createBasis, identifiedCallers } from '@dailydoco/service';
import type { Config } from './config.js';
import type { Destinations } from './methods/destinations.js';
import type { Withholding } from './payouts/screen.js';
import type { Rail, RailKind } from './rails/rail.js';
import { railRegistry } from './rails/registry.js';
import { SandboxDestinations } from './rails/sandbox/sandbox-destinations.store.js';
import { sandboxRail } from './rails/sandbox/sandbox-rail.store.js';
import { stripeRail } from './rails/stripe/stripe-rail.module.js';
import { usdcRail } from './rails/usdc/usdc-rail.module.js';
import type { PurchaseStates } from './reconciliation/reconcile-tenant.js';
import { ViralEngineStates } from './reconciliation/viral-engine.client.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly randomBytes: (size: number) => Uint8Array;
  readonly rails: ReadonlyMap<RailKind, Rail>;
  readonly destinations: Destinations;
  readonly withholding: Withholding;
  readonly states: PurchaseStates;
}

/** Nobody's payouts are taxed here. */
const NOTHING_WITHHELD: Withholding = { bpsOf: () => Promise.resolve(new Map()) };

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({ service: 'payouts', config, overrides });
  const purchases = connect(basis, ReconciliationServiceService, {
    address: config.VIRAL_ENGINE_GRPC_ADDRESS,
    retrySafeMethods: ['listPurchaseStates'],
  });
  return {
    ...basis,
    ...identifiedCallers(basis),
    randomBytes,
    rails: railRegistry([
      sandboxRail({ sql: basis.pool, clock: basis.clock }),
      stripeRail({ config, pool: basis.pool, clock: basis.clock }),
      usdcRail({ config, pool: basis.pool, clock: basis.clock }),
    ]),
    destinations: new SandboxDestinations(basis.pool),
    withholding: NOTHING_WITHHELD,
    states: new ViralEngineStates(purchases),
    ...overrides,
  };
}
