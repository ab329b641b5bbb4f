import type { Sql } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import type { PayoutId } from '../ids.js';
import type { Payout } from '../payouts/payout.js';
import type { Finding, PayoutScreen } from '../payouts/screen.js';
import { ScreeningScreen } from '../screening/screen-people.js';
import { screeningIn, type ScreeningTools } from '../screening/screening-in.store.js';
import { TaxFactsStore } from '../tax/tax-facts.store.js';
import { TaxScreen } from '../tax/tax-screen.js';
import { PayoutFactsStore } from './payout-facts.store.js';
import { RiskScreen } from './risk-screen.js';

const findings = counter('dailydoco_payout_findings_total');

/** All that looks at payouts before they are approved, in one open database transaction. */
export function screens(sql: Sql, tools: ScreeningTools): PayoutScreen[] {
  return [
    new ScreeningScreen(screeningIn(sql, tools)),
    new RiskScreen(new PayoutFactsStore(sql)),
    new TaxScreen(new TaxFactsStore(sql)),
  ].map((screen) => ({ findingsOf: async (payouts: readonly Payout[]) => counted(await screen.findingsOf(payouts)) }));
}

function counted(found: ReadonlyMap<PayoutId, readonly Finding[]>): ReadonlyMap<PayoutId, readonly Finding[]> {
  for (const each of found.values()) each.forEach(({ source, code }) => findings.add(1, { source, code }));
  return found;
}
