import { currencyOf, type Money } from '@dailydoco/money';
import type { FactKind } from '../facts/fact.js';
import type { TenantId } from '../ids.js';
import { type SplitWindow, splitWindow, type Window } from './window.js';

/** The facts of one kind in one currency (empty: no money) within a window. */
export interface Sum {
  readonly kind: FactKind;
  readonly currency: string;
  readonly facts: number;
  readonly micros: bigint;
}

/** Reads one state of the database: no fact is seen twice, or by half. */
export interface SumReads {
  sums(tenantId: TenantId, window: SplitWindow): Promise<readonly Sum[]>;
}

/** How a tenant grows within a window of time. */
export interface ViralMetrics {
  /** People who registered. */
  readonly registrations: number;
  /** Those of them whom somebody referred. */
  readonly referredRegistrations: number;
  readonly invitesSent: number;
  /** Referred registrations by registrations; 0 when nobody registered. */
  readonly kFactor: number;
  readonly purchases: number;
  /** Purchases less refunds, plus chargebacks won, each at its own time: may be negative. By currency. */
  readonly revenue: readonly Money[];
  /** What partners' commissions grew by, less what was taken back, each at its own time. By currency. */
  readonly commissions: readonly Money[];
}

/** Answers how a tenant grows. */
export class ReadViralMetrics {
  readonly #reads: SumReads;

  constructor(reads: SumReads) {
    this.#reads = reads;
  }

  async read(tenantId: TenantId, window: Window): Promise<ViralMetrics> {
    return viralMetrics(await this.#reads.sums(tenantId, splitWindow(window)));
  }
}

export function viralMetrics(sums: readonly Sum[]): ViralMetrics {
  const count = (wanted: FactKind): number =>
    sums.reduce((total, { kind, facts }) => (kind === wanted ? total + facts : total), 0);
  const registrations = count('registration');
  const referredRegistrations = count('referred_registration');
  return {
    registrations,
    referredRegistrations,
    invitesSent: count('invite'),
    kFactor: registrations === 0 ? 0 : referredRegistrations / registrations,
    purchases: count('purchase'),
    revenue: moneyOf(sums, { purchase: 1n, refund: -1n, chargeback_win: 1n }),
    commissions: moneyOf(sums, { commission: 1n }),
  };
}

/** Sums by currency, in the order of their codes; `signs` says which kinds count, and how. */
function moneyOf(sums: readonly Sum[], signs: Partial<Record<FactKind, bigint>>): Money[] {
  const totals = new Map<string, bigint>();
  for (const { kind, currency, micros } of sums) {
    const sign = signs[kind];
    if (sign !== undefined) totals.set(currency, (totals.get(currency) ?? 0n) + sign * micros);
  }
  return [...totals]
    .map(([currency, amountMicros]) => ({ currency: currencyOf(currency), amountMicros }))
    .toSorted((one, other) => (one.currency < other.currency ? -1 : 1));
}
