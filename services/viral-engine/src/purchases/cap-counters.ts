import type { CurrencyCode } from '@dailydoco/money';
import type { CapRooms, CompanyRoom, PersonRoom } from '../commissions/limit-entries.js';
import type { PlanId, TenantId, UserId } from '../ids.js';
import type { PlanVersion } from '../plans/plan.js';
import { CAP_PERIODS, type CapPeriod, capIn, type CountedPeriods, type PeriodNames } from '../plans/plan-limits.js';
import type { Commission } from '../commissions/commission.js';

/** Everybody together, among the holders of counters. */
export const COMPANY = 'company';

/** Which counter: what a plan paid to somebody, or to all together, in a period and currency. */
export interface CounterKey {
  readonly tenantId: TenantId;
  readonly planId: PlanId;
  readonly holder: UserId | typeof COMPANY;
  readonly currency: CurrencyCode;
  /** As `periodsAt` names it. */
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
  /** The periods that it is recorded in. */
  readonly periods: PeriodNames;
}

/** What a purchase paid, as far as counters go by it. */
export interface Paid {
  readonly commissions: readonly Pick<Commission, 'beneficiaryId' | 'grossMicros'>[];
  readonly totalMicros: bigint;
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

/** A counter that changes as purchases go by. */
interface Running {
  readonly key: CounterKey;
  paidMicros: bigint;
  closedAtCapMicros: bigint | undefined;
  changed: boolean;
}

/** The counters of one plan and currency, by period and then by holder: looked up often, so without building a text. */
type Book = Map<string, Map<CounterKey['holder'], Running>>;

/**
 * The counters of a group of purchases, whose rows are locked: each purchase is split by what those before it left, and
 * what changed is written with the entries.
 */
export class CapCounters {
  readonly #books = new Map<string, Book>();
  #missingAreZero = false;

  constructor(locked: readonly Counter[]) {
    for (const counter of locked) keep(this.#bookOf(counter), counter);
  }

  /** Counters of what is only supposed: there are no rows, every counter begins at zero. */
  static fromZero(): CapCounters {
    const counters = new CapCounters([]);
    counters.#missingAreZero = true;
    return counters;
  }

  /** Drops the counters of all other periods. */
  forgetAllBut(periods: readonly string[]): void {
    for (const book of this.#books.values()) {
      for (const period of book.keys()) if (!periods.includes(period)) book.delete(period);
    }
  }

  /** What the caps of the plan version leave for the purchase; undefined where it has none in the currency. */
  roomsFor(purchase: CountedPurchase): CapRooms | undefined {
    const { entitled } = purchase;
    if (entitled.length === 0) return undefined;
    const book = this.#bookOf({ ...purchase, planId: purchase.plan.planId });
    const people = new Map<UserId, PersonRoom>();
    for (const userId of entitled) {
      const room = this.#personRoom(book, purchase, userId);
      if (room !== undefined) people.set(userId, room);
    }
    const company = this.#companyRoom(book, purchase);
    return people.size === 0 && company === undefined ? undefined : { people, company };
  }

  /** Counts what the purchase pays. */
  add(purchase: CountedPurchase, paid: Paid, { crossesCompanyCap }: { crossesCompanyCap: boolean }): void {
    const { counted, plan, currency } = purchase;
    const book = this.#bookOf({ ...purchase, planId: plan.planId });
    const pay = (holder: CounterKey['holder'], period: CapPeriod, micros: bigint): void => {
      const running = this.#running(book, purchase, holder, period);
      running.paidMicros += micros;
      running.changed = true;
    };
    for (const { beneficiaryId, grossMicros } of paid.commissions) {
      for (const period of counted.beneficiary) pay(beneficiaryId, period, grossMicros);
    }
    if (paid.totalMicros > 0n) for (const period of counted.company) pay(COMPANY, period, paid.totalMicros);
    if (!crossesCompanyCap || plan.companyCap === undefined) return;
    const running = this.#running(book, purchase, COMPANY, plan.companyCap.period);
    running.closedAtCapMicros = capIn(plan.companyCap.amounts, currency);
    running.changed = true;
  }

  /** The counters that must be written, each once. */
  changed(): Counter[] {
    const all = [...this.#books.values()].flatMap((book) => [...book.values()].flatMap((held) => [...held.values()]));
    return all.flatMap(({ key, paidMicros, closedAtCapMicros, changed }) =>
      changed ? [{ ...key, paidMicros, closedAtCapMicros }] : [],
    );
  }

  #personRoom(book: Book, purchase: CountedPurchase, userId: UserId): PersonRoom | undefined {
    let room: Partial<Record<CapPeriod, bigint>> | undefined;
    for (const period of CAP_PERIODS) {
      const capMicros = capIn(purchase.plan.beneficiaryCaps[period], purchase.currency);
      if (capMicros === undefined) continue;
      room ??= {};
      room[period] = leftOf(capMicros, this.#running(book, purchase, userId, period));
    }
    return room;
  }

  #companyRoom(book: Book, purchase: CountedPurchase): CompanyRoom | undefined {
    const { companyCap } = purchase.plan;
    const capMicros = companyCap && capIn(companyCap.amounts, purchase.currency);
    if (companyCap === undefined || capMicros === undefined) return undefined;
    const running = this.#running(book, purchase, COMPANY, companyCap.period);
    const { closedAtCapMicros } = running;
    const closed = closedAtCapMicros !== undefined && capMicros <= closedAtCapMicros;
    return { leftMicros: leftOf(capMicros, running), closed };
  }

  #bookOf({ tenantId, planId, currency }: Pick<CounterKey, 'tenantId' | 'planId' | 'currency'>): Book {
    const text = `${tenantId}/${planId}/${currency}`;
    const known = this.#books.get(text);
    if (known !== undefined) return known;
    const book: Book = new Map();
    this.#books.set(text, book);
    return book;
  }

  #running(book: Book, purchase: CountedPurchase, holder: CounterKey['holder'], period: CapPeriod): Running {
    const running = book.get(purchase.periods[period])?.get(holder);
    if (running !== undefined) return running;
    if (!this.#missingAreZero) throw new Error('a counter of a cap must be locked and is not');
    return keep(book, { ...keyOf(purchase, holder, period), paidMicros: 0n, closedAtCapMicros: undefined });
  }
}

function keep(book: Book, { paidMicros, closedAtCapMicros, ...key }: Counter): Running {
  const held = book.get(key.period) ?? new Map<CounterKey['holder'], Running>();
  book.set(key.period, held);
  const running: Running = { key, paidMicros, closedAtCapMicros, changed: false };
  held.set(key.holder, running);
  return running;
}

/** A cap that was lowered below what is paid leaves nothing. */
function leftOf(capMicros: bigint, { paidMicros }: Pick<Running, 'paidMicros'>): bigint {
  return capMicros > paidMicros ? capMicros - paidMicros : 0n;
}

function keyOf(purchase: CountedPurchase, holder: CounterKey['holder'], period: CapPeriod): CounterKey {
  const { tenantId, plan, currency, periods } = purchase;
  return { tenantId, planId: plan.planId, holder, currency, period: periods[period] };
}
