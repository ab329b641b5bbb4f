// The small model of the money core: what every committed fact must have done. It has its own arithmetic and imports
// no rule of the service; facts are handed to it in the order of their commits.
import { type Entry, hold, lift, reverse, type Status } from './model-life.js';
import { Plans } from './model-plans.js';
import {
  type Earner,
  entitled,
  type Period,
  PERIODS,
  type Rooms,
  type Share,
  splitOf,
  type Terms,
} from './model-split.js';

export interface Sale {
  readonly id: string;
  readonly externalId: string;
  readonly buyer: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly plan: string | undefined;
  readonly entries: readonly Entry[];
  refunded: bigint;
  sequence: bigint;
}

export interface Person {
  readonly id: string;
  /** Nearest first. */
  upline: readonly string[];
  status: 'active' | 'suspended';
  statusAt: number;
  boost: number;
}

/** A sale as it was committed, with what the plan is chosen by. */
export interface SaleFact {
  readonly id: string;
  readonly externalId: string;
  readonly buyer: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly stream: string;
  readonly tag: string | undefined;
  readonly owner: string | undefined;
  readonly occurredAt: number;
  readonly recordedAt: number;
}

export interface RefundFact {
  readonly id: string;
  readonly saleId: string;
  readonly amount: bigint;
  readonly chargeback: boolean;
}

/** What an event must tell. */
export interface Told {
  readonly name: string;
  readonly saleId: string;
  readonly sequence: bigint;
  readonly moves: readonly Move[];
}

export interface Move {
  readonly kind: Share['kind'];
  readonly level: number;
  readonly beneficiary: string;
  readonly from: Status | undefined;
  readonly to: Status;
  readonly delta: bigint;
  readonly net: bigint;
}

/** What a statement saw of the people, if it was not the commit's own moment. */
export interface Sight {
  readonly purchases: ReadonlyMap<string, number>;
  readonly referrals: ReadonlyMap<string, number>;
  readonly active: ReadonlySet<string>;
}

interface Counter {
  paid: bigint;
  closedAt: bigint | undefined;
}

const DAY_MS = 86_400_000;

export class Model {
  readonly people = new Map<string, Person>();
  readonly sales = new Map<string, Sale>();
  readonly refunds = new Map<string, RefundFact>();
  readonly wins = new Set<string>();
  readonly plans: Plans;
  readonly counters = new Map<string, Counter>();
  /** Entries about which a dispute is undecided. */
  readonly disputed = new Set<Entry>();
  readonly #firsts = new Map<string, { sale: string; occurredAt: number }>();

  constructor(plans: readonly Terms[], defaultPlan: string) {
    this.plans = new Plans(plans, defaultPlan);
  }

  person(id: string): Person {
    const person = this.people.get(id);
    if (person === undefined) throw new Error(`the model knows nobody called ${id}`);
    return person;
  }

  sale(id: string): Sale {
    const sale = this.sales.get(id);
    if (sale === undefined) throw new Error(`something happened to ${id}, which is no purchase`);
    return sale;
  }

  /** What anybody would see of the people at this moment. */
  sight(): Sight {
    const purchases = new Map<string, number>();
    for (const { buyer, refunded, amount } of this.sales.values()) {
      if (refunded < amount) purchases.set(buyer, (purchases.get(buyer) ?? 0) + 1);
    }
    const referrals = new Map<string, number>();
    const active = new Set<string>();
    for (const { id, upline, status } of this.people.values()) {
      if (status !== 'active') continue;
      active.add(id);
      const [referrer] = upline;
      if (referrer !== undefined) referrals.set(referrer, (referrals.get(referrer) ?? 0) + 1);
    }
    return { purchases, referrals, active };
  }

  /** The person stands below another, or below nobody; those below go along. */
  move(id: string, referrer: string | undefined): void {
    const above = referrer === undefined ? [] : [referrer, ...this.person(referrer).upline];
    for (const person of this.people.values()) {
      const between = person.id === id ? [] : person.upline.slice(0, person.upline.indexOf(id) + 1);
      if (person.id === id || between.length > 0) person.upline = [...between, ...above].slice(0, 64);
    }
  }

  /** `earlier` are the buyers of the purchases before it in the same database transaction. */
  record(fact: SaleFact, sight: Sight, earlier: readonly string[]): Told[] {
    const terms = this.plans.choose(fact);
    const earner = (id: string): Earner => {
      const { status, boost } = this.person(id);
      const before = earlier.filter((buyer) => buyer === id).length;
      const purchases = (sight.purchases.get(id) ?? 0) + before;
      return { id, active: status === 'active', boost, purchases, referrals: sight.referrals.get(id) ?? 0 };
    };
    const parties = {
      buyer: fact.buyer,
      upline: this.person(fact.buyer).upline.map(earner),
      owner: fact.owner === undefined ? undefined : earner(fact.owner),
    };
    const shares = terms !== undefined && this.#isCovered(fact, terms) ? this.#pay(fact, parties, terms) : [];
    const availableAt = fact.occurredAt + (terms?.holdDays ?? 0) * DAY_MS;
    const entries = shares.map(({ kind, level, beneficiary, micros }): Entry => {
      const amounts = { gross: micros, net: micros };
      const free = { heldSince: undefined, causes: [], overAt: undefined };
      return { id: '', kind, level, beneficiary, ...amounts, status: 'pending', availableAt, ...free };
    });
    const { id, externalId, buyer, amount, currency } = fact;
    const plan = terms && `${terms.planId} ${terms.version}`;
    const sale: Sale = { id, externalId, buyer, amount, currency, plan, entries, refunded: 0n, sequence: 0n };
    this.sales.set(id, sale);
    const told = [this.#tell(sale, 'PurchaseRecorded', [])];
    if (entries.length > 0) {
      const moves = entries.map((entry) => moveOf(entry, undefined, 0n));
      told.push(this.#tell(sale, 'CommissionsAccrued', moves));
    }
    return told;
  }

  refund(fact: RefundFact, at: number): Told[] {
    const sale = this.sale(fact.saleId);
    if (fact.amount <= 0n || sale.refunded + fact.amount > sale.amount)
      throw new Error('more was refunded than is left');
    this.refunds.set(fact.id, fact);
    sale.refunded += fact.amount;
    const told = [this.#tell(sale, 'RefundRecorded', [])];
    const adjusted = this.#adjust(sale, 'CommissionsReversed', (entry, net) => {
      entry.net = net;
      if (net === 0n) reverse(entry, at);
    });
    return [...told, ...adjusted];
  }

  win(refundId: string, at: number): Told[] {
    const fact = this.refunds.get(refundId);
    if (fact === undefined || !fact.chargeback || this.wins.has(refundId)) throw new Error('no chargeback to be won');
    this.wins.add(refundId);
    const sale = this.sale(fact.saleId);
    sale.refunded -= fact.amount;
    const restored = this.#adjust(sale, 'CommissionsRestored', (entry, net) => {
      entry.net = net;
      if (entry.status === 'reversed') entry.status = entry.availableAt > at ? 'pending' : 'available';
    });
    const disputed = this.happen(sale, 'CommissionsHeld', (entry) => {
      if (this.disputed.has(entry)) hold(entry, 'dispute', at);
    });
    const suspended = this.happen(sale, 'CommissionsHeld', (entry) => {
      if (this.isSuspended(entry)) hold(entry, 'beneficiary_suspended', at);
    });
    return [...restored, ...disputed, ...suspended];
  }

  /** All that is due, and nothing of those who are suspended. */
  release(saleId: string, now: number): Told[] {
    return this.happen(this.sale(saleId), 'CommissionsReleased', (entry) => {
      if (this.isDue(entry, now)) entry.status = 'available';
    });
  }

  isDue(entry: Entry, now: number): boolean {
    return entry.status === 'pending' && entry.availableAt <= now && !this.isSuspended(entry);
  }

  isSuspended({ beneficiary }: Entry): boolean {
    return this.person(beneficiary).status === 'suspended';
  }

  /** Whether the task has yet to hold it for a suspension, or to lift it after one. */
  isUnsettled(entry: Entry): boolean {
    return this.isSuspended(entry) ? entry.status === 'pending' : entry.causes.includes('beneficiary_suspended');
  }

  /** What the sweep does to a member's entries of one purchase, by the status that the member has. */
  sweep(saleId: string, beneficiary: string): Told[] {
    return this.happen(this.sale(saleId), 'CommissionsHeld', (entry) => {
      if (entry.beneficiary === beneficiary) this.sweepOne(entry);
    });
  }

  /** Clocks stop and go on at the moment of the status, however late the task comes by. */
  sweepOne(entry: Entry): void {
    const { statusAt } = this.person(entry.beneficiary);
    (this.isSuspended(entry) ? hold : lift)(entry, 'beneficiary_suspended', statusAt);
  }

  /** What happens to the entries of a purchase is told under one name, where it moved any. */
  happen(sale: Sale, name: string, work: (entry: Entry) => void): Told[] {
    const moves = sale.entries.flatMap((entry) => {
      const { status, net } = entry;
      work(entry);
      return entry.status === status && entry.net === net ? [] : [moveOf(entry, status, net)];
    });
    return moves.length === 0 ? [] : [this.#tell(sale, name, moves)];
  }

  /** The first purchase is the first recorded, whatever became of it. */
  #isCovered({ id, buyer, occurredAt }: SaleFact, { planId, recurring }: Terms): boolean {
    const key = `${buyer} ${planId}`;
    const first = this.#firsts.get(key) ?? { sale: id, occurredAt };
    this.#firsts.set(key, first);
    if (recurring === 'all') return true;
    if (recurring === 'first') return first.sale === id;
    return occurredAt < monthsAfter(first.occurredAt, recurring);
  }

  #pay(fact: SaleFact, parties: Parameters<typeof entitled>[0], terms: Terms): Share[] {
    const own = this.plans.of(terms.planId);
    const { currency } = fact;
    const dayOf = new Date(fact.recordedAt).toISOString().slice(0, 10);
    const names = { day: dayOf, month: dayOf.slice(0, 7), lifetime: 'lifetime' };
    const counter = (holder: string, period: Period): Counter => {
      const key = [terms.planId, holder, currency, names[period]].join(' ');
      const known = this.counters.get(key) ?? { paid: 0n, closedAt: undefined };
      this.counters.set(key, known);
      return known;
    };
    const people = new Map<string, Partial<Record<Period, bigint>>>();
    const who = entitled(parties, terms);
    const counts = (period: Period): boolean =>
      own.some(({ personCaps }) => personCaps[period]?.[currency] !== undefined);
    const companyCounts = (period: Period): boolean =>
      own.some(({ companyCap: cap }) => cap?.period === period && cap.amounts[currency] !== undefined);
    for (const id of who) {
      const room: Partial<Record<Period, bigint>> = {};
      for (const period of PERIODS) {
        const cap = terms.personCaps[period]?.[currency];
        if (cap !== undefined) room[period] = leftOf(cap, counter(id, period));
      }
      people.set(id, room);
    }
    const rooms: Rooms = { people, company: this.#companyRoom(terms, currency, counter) };
    const { shares, crosses } = splitOf(fact.amount, parties, terms, rooms);
    if (who.length > 0) {
      for (const period of PERIODS.filter(counts)) {
        for (const id of who) counter(id, period);
        for (const { beneficiary, micros } of shares) counter(beneficiary, period).paid += micros;
      }
      for (const period of PERIODS.filter(companyCounts)) {
        for (const { micros } of shares) counter('company', period).paid += micros;
        counter('company', period);
      }
    }
    if (crosses && terms.companyCap !== undefined) {
      counter('company', terms.companyCap.period).closedAt = terms.companyCap.amounts[currency];
    }
    return shares;
  }

  #companyRoom(
    { companyCap }: Terms,
    currency: string,
    counter: (holder: string, period: Period) => Counter,
  ): Rooms['company'] {
    const cap = companyCap?.amounts[currency];
    if (companyCap === undefined || cap === undefined) return undefined;
    const known = counter('company', companyCap.period);
    return { left: leftOf(cap, known), closed: known.closedAt !== undefined && cap <= known.closedAt };
  }

  /** Brings every net to floor(gross × (amount − R) ÷ amount). */
  #adjust(sale: Sale, name: string, set: (entry: Entry, net: bigint) => void): Told[] {
    return this.happen(sale, name, (entry) => {
      const net = (entry.gross * (sale.amount - sale.refunded)) / sale.amount;
      if (entry.status !== 'forfeited' && net !== entry.net) set(entry, net);
    });
  }

  #tell(sale: Sale, name: string, moves: readonly Move[]): Told {
    sale.sequence += 1n;
    return { name, saleId: sale.id, sequence: sale.sequence, moves };
  }
}

function leftOf(cap: bigint, { paid }: Counter): bigint {
  return cap > paid ? cap - paid : 0n;
}

function moveOf({ kind, level, beneficiary, status, net }: Entry, from: Status | undefined, before: bigint): Move {
  return { kind, level, beneficiary, from, to: status, delta: net - before, net };
}

/** So many calendar months later in UTC, at the month's end where the day is missing. */
function monthsAfter(at: number, months: number): number {
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, days));
  return date.getTime();
}
