import { randomBytes } from 'node:crypto';
import { ReconciliationServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { type Basis, type Callers, connect, createBasis, identifiedCallers } from '@dailydoco/service';
import type { Sql } from '@dailydoco/database';
import { jaroWinkler } from '@skyra/jaro-winkler';
import type { Config } from './config.js';
import type { PayoutScreen, Withholding } from './payouts/screen.js';
import type { Rail, RailKind } from './rails/rail.js';
import { achRailOf } from './rails/ach/ach-settings.adapter.js';
import { railRegistry } from './rails/registry.js';
import { sandboxRail } from './rails/sandbox/sandbox-rail.store.js';
import { sepaRailOf } from './rails/sepa/sepa-settings.adapter.js';
import { stripeRail } from './rails/stripe/stripe-rail.module.js';
import { usdcRail } from './rails/usdc/usdc-rail.module.js';
import type { PurchaseStates } from './reconciliation/reconcile-tenant.js';
import { ViralEngineStates } from './reconciliation/viral-engine.client.js';
import { screens } from './risk/screens.module.js';
import { ListIndexes } from './screening/list-indexes.store.js';
import { TaxFactsStore } from './tax/tax-facts.store.js';
import { TaxWithholding } from './tax/tax-screen.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly randomBytes: (size: number) => Uint8Array;
  /** The rails that this installation has. */
  readonly rails: ReadonlyMap<RailKind, Rail>;
  /** What looks at payouts before they are approved, made for one database transaction. */
  readonly screens: (sql: Sql) => PayoutScreen[];
  /** What is withheld from payouts, made for one database transaction. */
  readonly withholding: (sql: Sql) => Withholding;
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
  const nameIndexes = new ListIndexes(jaroWinkler);
  return {
    ...basis,
    ...identifiedCallers(basis),
    randomBytes,
    rails: railRegistry([
      sandboxRail({ sql: basis.pool, clock: basis.clock }),
      sepaRailOf(config),
      achRailOf(config),
      stripeRail({ config, pool: basis.pool, clock: basis.clock }),
      usdcRail({ config, pool: basis.pool, clock: basis.clock }),
    ]),
    screens: (sql) => screens(sql, { ...basis, randomBytes, nameIndexes }),
    withholding: (sql) => new TaxWithholding(new TaxFactsStore(sql)),
    states: new ViralEngineStates(purchases),
    nameIndexes,
    ...overrides,
  };
}
