import { randomBytes } from 'node:crypto';
import { ReconciliationServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { type Basis, type Callers, connect, createBasis, identifiedCallers } from '@dailydoco/service';
import { jaroWinkler } from '@skyra/jaro-winkler';
import type { Config } from './config.js';
import type { Rails } from './methods/method.js';
import { sandboxDetails } from './methods/sandbox-details.js';
import type { Rail } from './payouts/submit-payouts.js';
import { SandboxRail } from './payouts/sandbox-rail.store.js';
import type { PurchaseStates } from './reconciliation/reconcile-tenant.js';
import { ViralEngineStates } from './reconciliation/viral-engine.client.js';
import { ListIndexes } from './screening/list-indexes.store.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly randomBytes: (size: number) => Uint8Array;
  readonly rail: Rail;
  /** The rails that this installation has. */
  readonly rails: Rails;
  readonly states: PurchaseStates;
  /** The lists that people are screened by, as this process has loaded them. */
  readonly nameIndexes: ListIndexes;
}

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
    rail: new SandboxRail(basis.pool, basis.clock),
    rails: new Map([[sandboxDetails.kind, sandboxDetails]]),
    states: new ViralEngineStates(purchases),
    nameIndexes: new ListIndexes(jaroWinkler),
    ...overrides,
  };
}
