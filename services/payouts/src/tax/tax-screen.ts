import type { PayoutId, TenantId, UserId } from '../ids.js';
import type { Payout } from '../payouts/payout.js';
import type { Finding, PayoutScreen, Withholding } from '../payouts/screen.js';
import { STANDARD_POLICY, type TaxPolicy, type TaxThreshold } from './tax-policy.js';
import type { TaxRecord } from './tax-record.js';
import { taxFindingOf, withheldBps } from './tax-rules.js';

type People = readonly { readonly tenantId: TenantId; readonly personId: UserId }[];

export interface TaxReads {
  /** The last record of each person who has one. */
  records(people: People): Promise<readonly TaxRecord[]>;
  /** Of those tenants who have set one. */
  policies(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, TaxPolicy>>;
  /** What holds for each tenant. */
  thresholds(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, readonly TaxThreshold[]>>;
  /** Of each payout's person, year (UTC) and currency: paid and not returned, and open payouts asked for before it. */
  totalsBefore(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, bigint>>;
}

/** Stops payouts by which a year's total has to be reported while there is no valid form. */
export class TaxScreen implements PayoutScreen {
  readonly #reads: TaxReads;

  constructor(reads: TaxReads) {
    this.#reads = reads;
  }

  async findingsOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, readonly Finding[]>> {
    if (payouts.length === 0) return new Map();
    const tenants = [...new Set(payouts.map(({ tenantId }) => tenantId))];
    const policies = await this.#reads.policies(tenants);
    const thresholds = await this.#reads.thresholds(tenants);
    const records = byPerson(await this.#reads.records(payouts));
    const totals = await this.#reads.totalsBefore(payouts);
    return new Map(
      payouts.flatMap((payout): [PayoutId, Finding[]][] => {
        const found = taxFindingOf({
          payout,
          record: records.get(keyOf(payout)),
          policy: policies.get(payout.tenantId) ?? STANDARD_POLICY,
          thresholds: thresholds.get(payout.tenantId) ?? [],
          totalBeforeMicros: totals.get(payout.id) ?? 0n,
        });
        return found === undefined ? [] : [[payout.id, [found]]];
      }),
    );
  }
}

/** What is withheld from payouts, by each tenant's policy and what each person declared. */
export class TaxWithholding implements Withholding {
  readonly #reads: Pick<TaxReads, 'records' | 'policies'>;

  constructor(reads: Pick<TaxReads, 'records' | 'policies'>) {
    this.#reads = reads;
  }

  async bpsOf(people: People, at: Date): Promise<ReadonlyMap<string, number>> {
    const policies = await this.#reads.policies([...new Set(people.map(({ tenantId }) => tenantId))]);
    if (policies.size === 0) return new Map();
    const records = byPerson(await this.#reads.records(people));
    const rates = people.map((person): [string, number] => {
      const policy = policies.get(person.tenantId) ?? STANDARD_POLICY;
      return [person.personId, withheldBps(records.get(keyOf(person)), policy, at)];
    });
    return new Map(rates.filter(([, bps]) => bps > 0));
  }
}

function byPerson(records: readonly TaxRecord[]): Map<string, TaxRecord> {
  return new Map(records.map((record) => [keyOf(record), record]));
}

function keyOf({ tenantId, personId }: { readonly tenantId: TenantId; readonly personId: UserId }): string {
  return `${tenantId} ${personId}`;
}
