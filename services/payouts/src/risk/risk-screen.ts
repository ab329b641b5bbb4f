import type { PayoutId, TenantId } from '../ids.js';
import type { Payout } from '../payouts/payout.js';
import type { Finding, PayoutScreen } from '../payouts/screen.js';
import { type PayoutFacts, type Windows, windowsOf } from './payout-facts.js';
import { riskFindingsOf } from './rules.js';
import { STANDARD_TUNING, type Tuning } from './tuning.js';

/** A payout and since when its rules look back. */
export interface AskedFacts {
  readonly payout: Payout;
  readonly windows: Windows;
}

export interface RiskReads {
  /** Of those tenants who have set one. */
  tunings(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, Tuning>>;
  /** Of every payout asked about, in a fixed number of statements. */
  facts(asked: readonly AskedFacts[]): Promise<ReadonlyMap<PayoutId, PayoutFacts>>;
}

/** Looks at payouts by the risk rules, as each tenant has set them. */
export class RiskScreen implements PayoutScreen {
  readonly #reads: RiskReads;

  constructor(reads: RiskReads) {
    this.#reads = reads;
  }

  async findingsOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, readonly Finding[]>> {
    if (payouts.length === 0) return new Map();
    const tunings = await this.#reads.tunings([...new Set(payouts.map(({ tenantId }) => tenantId))]);
    const tuning = ({ tenantId }: Payout): Tuning => tunings.get(tenantId) ?? STANDARD_TUNING;
    const facts = await this.#reads.facts(
      payouts.map((payout) => ({ payout, windows: windowsOf(payout, tuning(payout)) })),
    );
    return new Map(
      payouts.map((payout) => {
        const known = facts.get(payout.id);
        // A payout took its amount from an account and names a method, or it would not be there.
        if (known === undefined) throw new Error(`nothing is known of payout ${payout.id}`);
        return [payout.id, riskFindingsOf(known, tuning(payout))] as const;
      }),
    );
  }
}
