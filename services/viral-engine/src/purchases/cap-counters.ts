import type { CurrencyCode } from '@dailydoco/money';
import type { CapRooms, CompanyRoom, PersonRoom } from '../commissions/limit-entries.js';
import type { PlanId, TenantId, UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { CAP_PERIODS, type CapPeriod, capIn, type CountedPeriods, periodAt } from '../plans/plan-limits.js';
import type { PurchaseRecord } from './purchase.js';

/** Everybody together, among the holders of counters. */
export const COMPANY = 'company';

/** Which counter: what a plan paid to somebody, or to all together, in a period and currency. */
export interface CounterKey {
  readonly tenantId: TenantId;
  readonly planId: PlanId;
  readonly holder: UserId | typeof COMPANY;
  readonly currency: CurrencyCode;
  /** As `periodAt` names it. */
  readonly period: string;
}

/** A counter whose row is locked. */
export interface Counter extends CounterKey {
  /** Gross: refunds take nothing off. */
  readonly paidMicros: bigint;
  /** The company cap that a purchase went over in this period. A version with a higher cap pays again. */
  readonly closedAtCapMicros: bigint | undefined;
}

/** A purchase that counters concern. */
export interface CountedPurchase {
  readonly tenantId: TenantId;
  readonly plan: PlanVersion;
  readonly currency: CurrencyCode;
  readonly counted: CountedPeriods;
  /** Who may get an entry. */
  readonly entitled: readonly UserId[];
  readonly recordedAt: Date;
}

/** The counters that a purchase needs. None when nobody may get an entry. */
export function countersOf(purchase: CountedPurchase): CounterKey[] {
  const { counted, entitled } = purchase;
  if (entitled.length === 0) return [];
  return [
    ...entitled.flatMap((userId) => counted.beneficiary.map((period) => keyOf(purchase, userId, period))),
    ...counted.company.map((period) => keyOf(purchase, COMPANY, period)),
  ];
}

/** One text per counter. */
export function counterText({ tenantId, planId, holder, currency, period }: CounterKey): string {
  return `${tenantId}/${planId}/${holder}/${currency}/${period}`;
}

/**
 * The counters of a group of purchases, whose rows are locked: each purchase is split by what those before it left, and
 * what changed is written with the entries.
 */
export class CapCounters {
  readonly #counters: Map<string, Counter>;
  readonly #changed = new Set<string>();

  constructor(locked: readonly Counter[]) {
    this.#counters = new Map(locked.map((counter) => [counterText(counter), counter]));
  }

  /** What the caps of the plan version leave for the purchase; undefined where it has none in the currency. */
  roomsFor(purchase: CountedPurchase): CapRooms | undefined {
    const people = new Map<UserId, PersonRoom>();
    for (const userId of purchase.entitled) {
      const room = this.#personRoom(purchase, userId);
      if (Object.keys(room).length > 0) people.set(userId, room);
    }
    const company = purchase.entitled.length === 0 ? undefined : this.#companyRoom(purchase);
    return people.size === 0 && company === undefined ? undefined : { people, company };
  }

  /** Counts what the purchase pays. */
  add(purchase: CountedPurchase, paid: PurchaseRecord, { crossesCompanyCap }: { crossesCompanyCap: boolean }): void {
    const { counted, plan, currency } = purchase;
    for (const { beneficiaryId, grossMicros } of paid.commissions) {
      for (const period of counted.beneficiary) this.#pay(keyOf(purchase, beneficiaryId, period), grossMicros);
    }
    if (paid.totalMicros > 0n) {
      for (const period of counted.company) this.#pay(keyOf(purchase, COMPANY, period), paid.totalMicros);
    }
    if (!crossesCompanyCap || plan.companyCap === undefined) return;
    const closedAtCapMicros = capIn(plan.companyCap.amounts, currency);
    this.#change({ ...this.#counter(keyOf(purchase, COMPANY, plan.companyCap.period)), closedAtCapMicros });
  }

  /** The counters that must be written, each once. */
  changed(): Counter[] {
    return [...this.#counters].flatMap(([text, counter]) => (this.#changed.has(text) ? [counter] : []));
  }

  #personRoom(purchase: CountedPurchase, userId: UserId): PersonRoom {
    const room: Partial<Record<CapPeriod, bigint>> = {};
    for (const period of CAP_PERIODS) {
      const capMicros = capIn(purchase.plan.beneficiaryCaps[period], purchase.currency);
      if (capMicros === undefined) continue;
      room[period] = leftOf(capMicros, this.#counter(keyOf(purchase, userId, period)));
    }
    return room;
  }

  #companyRoom(purchase: CountedPurchase): CompanyRoom | undefined {
    const { companyCap } = purchase.plan;
    const capMicros = companyCap && capIn(companyCap.amounts, purchase.currency);
    if (companyCap === undefined || capMicros === undefined) return undefined;
    const counter = this.#counter(keyOf(purchase, COMPANY, companyCap.period));
    const { closedAtCapMicros } = counter;
    const closed = closedAtCapMicros !== undefined && capMicros <= closedAtCapMicros;
    return { leftMicros: leftOf(capMicros, counter), closed };
  }

  #counter(key: CounterKey): Counter {
    const counter = this.#counters.get(counterText(key));
    if (counter === undefined) throw new Error('a counter of a cap must be locked and is not');
    return counter;
  }

  #pay(key: CounterKey, micros: bigint): void {
    const counter = this.#counter(key);
    this.#change({ ...counter, paidMicros: counter.paidMicros + micros });
  }

  #change(counter: Counter): void {
    const text = counterText(counter);
    this.#counters.set(text, counter);
    this.#changed.add(text);
  }
}

/** A cap that was lowered below what is paid leaves nothing. */
function leftOf(capMicros: bigint, { paidMicros }: Counter): bigint {
  return capMicros > paidMicros ? capMicros - paidMicros : 0n;
}

function keyOf(purchase: CountedPurchase, holder: CounterKey['holder'], period: CapPeriod): CounterKey {
  const { tenantId, plan, currency, recordedAt } = purchase;
  return { tenantId, planId: plan.planId, holder, currency, period: periodAt(period, recordedAt) };
}
