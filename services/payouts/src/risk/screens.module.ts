import type { Sql } from '@dailydoco/database';
import type { PayoutScreen } from '../payouts/screen.js';
import { PayoutFactsStore } from './payout-facts.store.js';
import { RiskScreen } from './risk-screen.js';

/** All that looks at payouts before they are approved, in one open database transaction. */
export function screens(sql: Sql): PayoutScreen[] {
  return [new RiskScreen(new PayoutFactsStore(sql))];
}
