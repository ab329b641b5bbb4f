import { type Act, ActAuditor } from './act-auditor.js';
import type { Books, EntryRow, SaleRow, Snapshot, WaitingRow } from './books.js';
import { insist } from './broken.js';
import { Desk } from './model-disputes.js';
import type { Model, SaleFact, Sight, Told } from './model.js';
import type { PayoutsModel } from './payouts-model.js';
import { show } from './show.js';

/** A sale as a client told it. */
export interface ToldSale {
  readonly externalId: string;
  readonly buyer: string | undefined;
  readonly customer: string | undefined;
  readonly amount: bigint;
  readonly currency: string;
  readonly stream: string;
  readonly tag: string | undefined;
  readonly website: string | undefined;
  /** Undefined: the time of receipt. */
  readonly occurredAt: number | undefined;
}

export interface ToldRefund {
  readonly externalId: string;
  readonly saleId: string;
  /** Undefined: all that is left. */
  readonly amount: bigint | undefined;
  readonly currency: string;
  readonly chargeback: boolean;
}

/** Everything that clients have told so far: nothing else may ever be recorded. */
export class Tellings {
  readonly sales = new Map<string, ToldSale[]>();
  readonly refunds = new Map<string, ToldRefund[]>();
  /** Customers, and the users that they were said to be. */
  readonly mappings = new Map<string, Set<string>>();
  /** Whose website is whose. */
  readonly websites = new Map<string, string>();
  /** By whose code somebody registers. */
  readonly registrations = new Map<string, string | undefined>();
  /** What is wanted about entries and disputes, by the command that tells it. */
  readonly acts = new Map<number, Act[]>();
}

/**
 * Holds the database against the model after every commit: what was committed must be something that was told, the
 * model is led through it by its own arithmetic, and then every row must be as the model says.
 */
export class Auditor {
  readonly customers = new Map<string, string>();
  readonly waiting = new Map<string, WaitingRow>();
  readonly refundIds = new Map<string, string>();
  readonly codes = new Map<string, string>();
  /** Everything that was published, as the relay would find it. */
  readonly outbox: Snapshot['events'][number][] = [];
  readonly model: Model;
  readonly desk: Desk;
  readonly #acts: ActAuditor;
  readonly #books: Books;
  readonly #told: Tellings;

  constructor(model: Model, books: Books, told: Tellings) {
    this.model = model;
    this.desk = new Desk(model);
    this.#acts = new ActAuditor(this.desk);
    this.#books = books;
    this.#told = told;
  }

  /**
   * A database transaction was committed at `now`; its statements had seen the people as in `sight`, and the command in
   * whose course it was wanted these acts.
   */
  async committed(now: number, sight: Sight, acts: readonly Act[] = []): Promise<Snapshot> {
    const found = await this.#books.read();
    this.#join(found, sight);
    this.#meet(found);
    this.#lead(found, { now, sight, acts });
    this.#compare(found);
    this.#acts.compare(found);
    this.outbox.push(...found.events);
    return found;
  }

  #join({ members }: Snapshot, sight: Sight): void {
    for (const { user_id: id, upline, code, status } of members) {
      if (this.model.people.has(id)) continue;
      insist(this.#told.registrations.has(id), () => `${id} joined and never registered`);
      const referrer = this.#told.registrations.get(id);
      const expected = referrer !== undefined && sight.active.has(referrer) ? this.#below(referrer) : [];
      insist(show(upline) === show(expected), () => `${id} stands below ${show(upline)}, not ${show(expected)}`);
      insist(status === 'active', () => `${id} joined as ${status}`);
      this.codes.set(id, code);
      this.model.people.set(id, { id, upline: expected, status: 'active', statusAt: 0, boost: 0 });
    }
  }

  #below(referrer: string): string[] {
    return [referrer, ...this.model.person(referrer).upline].slice(0, 64);
  }

  /** Customers and the purchases of those who are nobody yet. */
  #meet({ customers, waiting }: Snapshot): void {
    for (const { customer_id: customer, user_id: user } of customers) {
      const known = this.customers.get(customer);
      insist(known === undefined || known === user, () => `${customer} was ${known} and is ${user}`);
      insist(this.#told.mappings.get(customer)?.has(user) === true, () => `nobody said that ${customer} is ${user}`);
      this.customers.set(customer, user);
    }
    for (const row of waiting) {
      if (!this.waiting.has(row.id)) {
        const told = this.#told.sales.get(row.external_id) ?? [];
        const same = told.some((each) => each.customer === row.customer_id && each.amount === row.amount_micros);
        insist(same, () => `nobody told of the sale ${show(row)}`);
      }
      this.waiting.set(row.id, row);
    }
  }

  #lead(found: Snapshot, { now, sight, acts }: { now: number; sight: Sight; acts: readonly Act[] }): void {
    const { model } = this;
    const expected = this.#acts.lead(found, acts, now);
    for (const { refund_id: id } of found.wins) if (!model.wins.has(id)) expected.push(...model.win(id, now));
    const isSweep = expected.length === 0 && found.events.every(({ name }) => name === 'CommissionsHeld');
    const earlier: string[] = [];
    found.events.forEach((event, index) => {
      if (index >= expected.length) {
        switch (event.name) {
          case 'PurchaseRecorded': {
            const fact = this.#saleFact(found, event.saleId, now);
            expected.push(...model.record(fact, sight, earlier));
            earlier.push(fact.buyer);
            break;
          }
          case 'RefundRecorded':
            expected.push(...this.#refund(found, event.refundId, now));
            break;
          case 'CommissionsReleased':
            expected.push(...model.release(event.saleId, now));
            break;
          case 'CommissionsHeld':
            for (const id of new Set(event.moves.map(({ beneficiary }) => beneficiary))) {
              expected.push(...model.sweep(event.saleId, id));
            }
            break;
        }
      }
      const told = expected[index];
      insist(told !== undefined, () => `${event.name} was told of ${event.saleId}, and nothing had happened`);
      insist(sameTold(event, told), () => `told was ${show(pick(event))}, expected ${show(told)}`);
      insist(event.key === model.sale(event.saleId).buyer, () => `${event.name} is not keyed by the buyer`);
      insist(event.at === now, () => `${event.name} is dated ${event.at}, not ${now}`);
    });
    if (isSweep) for (const row of found.entries) this.#sweepSilently(row);
    insist(expected.length === found.events.length, () => `not told: ${show(expected.slice(found.events.length))}`);
  }

  /** What is held for something else too moves by no suspension, so a sweep that comes by tells nothing of it. */
  #sweepSilently({ purchase_id: saleId, id, status, hold_causes: causes }: EntryRow): void {
    const entry = this.model.sales.get(saleId)?.entries.find((each) => each.id === id);
    if (entry?.status !== 'held' || status !== 'held') return;
    const isHeld = (all: readonly string[]): boolean => all.includes('beneficiary_suspended');
    if (isHeld(causes) !== isHeld(entry.causes)) this.model.sweepOne(entry);
  }

  /** The fact of a new purchase, out of its row and what was told of it. */
  #saleFact({ sales }: Snapshot, id: string, now: number): SaleFact {
    const row = sales.find((each) => each.id === id);
    insist(row !== undefined, () => `PurchaseRecorded tells of ${id}, which is not there`);
    insist(!this.model.sales.has(id), () => `${id} was recorded twice`);
    const twin = [...this.model.sales.values()].find(({ externalId }) => externalId === row.external_id);
    insist(twin === undefined, () => `${row.external_id} was recorded as ${twin?.id} and as ${id}`);
    const waited = this.waiting.get(id);
    const told = (this.#told.sales.get(row.external_id) ?? []).find((each) => this.#isOf(row, each));
    insist(told !== undefined, () => `nobody told of the sale ${show(row)}`);
    const occurredAt = told.occurredAt ?? waited?.occurred_at.getTime() ?? now;
    insist(row.occurred_at.getTime() === occurredAt, () => `${id} occurred at ${show(row.occurred_at)}`);
    insist(row.recorded_at.getTime() === now, () => `${id} was recorded at ${show(row.recorded_at)}`);
    return {
      id,
      externalId: row.external_id,
      buyer: row.buyer_id,
      amount: told.amount,
      currency: told.currency,
      stream: told.stream,
      tag: told.tag,
      owner: told.website === undefined ? undefined : this.#told.websites.get(told.website),
      occurredAt,
      recordedAt: now,
    };
  }

  #isOf(row: SaleRow, told: ToldSale): boolean {
    const buyer = told.buyer ?? this.customers.get(told.customer ?? '');
    return (
      row.buyer_id === buyer &&
      row.amount_micros === told.amount &&
      row.currency === told.currency &&
      row.stream === told.stream &&
      (row.product_tag ?? undefined) === told.tag &&
      (row.website_id ?? undefined) === told.website
    );
  }

  #refund({ refunds }: Snapshot, id: string | undefined, now: number): Told[] {
    const row = refunds.find((each) => each.id === id);
    insist(row !== undefined, () => `RefundRecorded tells of ${id}, which is not there`);
    insist(!this.refundIds.has(row.external_id), () => `the refund ${row.external_id} was recorded twice`);
    const chargeback = row.reason === 'chargeback';
    const sale = this.model.sale(row.purchase_id);
    const told = (this.#told.refunds.get(row.external_id) ?? []).some(
      (each) =>
        each.saleId === row.purchase_id &&
        each.chargeback === chargeback &&
        row.amount_micros === (each.amount ?? sale.amount - sale.refunded),
    );
    insist(told, () => `nobody told of the refund ${show(row)}`);
    this.refundIds.set(row.external_id, row.id);
    return this.model.refund({ id: row.id, saleId: row.purchase_id, amount: row.amount_micros, chargeback }, now);
  }

  /** Every row as the model has it, I5 among them. */
  #compare(found: Snapshot): void {
    const { model } = this;
    const entries = Map.groupBy(found.entries, (row) => row.purchase_id);
    insist(found.sales.length === model.sales.size, () => `${found.sales.length} purchases, not ${model.sales.size}`);
    for (const row of found.sales) {
      const sale = model.sale(row.id);
      const stands = (entries.get(row.id) ?? []).map((entry, index) => {
        const known = sale.entries[index];
        if (known?.id === '') known.id = entry.id;
        return {
          id: entry.id,
          kind: entry.kind,
          level: entry.level,
          beneficiary: entry.beneficiary_id,
          gross: entry.gross_micros,
          net: entry.net_micros,
          status: entry.status,
          availableAt: entry.available_at.getTime(),
          heldSince: entry.held_since?.getTime(),
          causes: entry.hold_causes.toSorted(),
        };
      });
      const is = {
        plan: row.plan ?? undefined,
        refunded: row.refunded_micros,
        sequence: row.sequence,
        entries: stands,
      };
      const entriesShould = sale.entries.map((entry) => ({ ...entry, overAt: undefined }));
      const should = { plan: sale.plan, refunded: sale.refunded, sequence: sale.sequence, entries: entriesShould };
      insist(show(is) === show(should), () => `${row.id} is ${show(is)}, should be ${show(should)}`);
      const net = stands.reduce((sum, each) => sum + each.net, 0n);
      insist(net <= sale.amount - sale.refunded, () => `I5: ${row.id} pays ${net} of ${sale.amount - sale.refunded}`);
    }
    insist(found.refunds.length === model.refunds.size, () => 'a refund without its event');
    insist(found.wins.length === model.wins.size, () => 'a chargeback won without its refund');
    this.#comparePeople(found);
    this.#rememberWork(found);
    this.#compareCounters(found);
  }

  /** Whatever a task has yet to do is marked, or it would never come by. */
  #rememberWork({ sales, members, customers, waiting }: Snapshot): void {
    // Where each sweep goes on; ids are in the order of their text.
    const sweeps = new Map(
      members.flatMap((row) => (row.hold_sweep_due ? [[row.user_id, row.hold_swept_to ?? '']] : [])),
    );
    const dues = new Map(sales.map((row) => [row.id, row.due_at?.getTime()]));
    for (const { id, entries } of this.model.sales.values()) {
      const left = entries.find((entry) => {
        const sweptTo = sweeps.get(entry.beneficiary);
        return this.model.isUnsettled(entry) && (sweptTo === undefined || entry.id <= sweptTo);
      });
      insist(left === undefined, () => `no sweep comes by for ${show(left)} of ${id}`);
      const dueAt = dues.get(id);
      const late = entries.find(
        ({ status, availableAt }) => status === 'pending' && (dueAt === undefined || dueAt > availableAt),
      );
      insist(late === undefined, () => `${id} is looked at ${show(dueAt)}, too late for ${show(late)}`);
    }
    const left = customers.find(
      ({ customer_id: id, due }) => !due && waiting.some((row) => row.waits && row.customer_id === id),
    );
    insist(left === undefined, () => `${left?.customer_id} is mapped, and nobody attributes what waits for it`);
  }

  #comparePeople({ members, plans }: Snapshot): void {
    const { model } = this;
    insist(members.length === model.people.size, () => 'somebody is gone');
    for (const { user_id: id, status, boost_bps: boost, upline } of members) {
      const person = model.person(id);
      insist(
        show(upline) === show(person.upline),
        () => `${id} stands below ${show(upline)}, not ${show(person.upline)}`,
      );
      insist(status === person.status, () => `${id} is ${status}, should be ${person.status}`);
      insist(boost === person.boost, () => `${id} has a boost of ${boost}, should be ${person.boost}`);
    }
    const own = model.plans.versions.slice(model.plans.shipped).map(({ planId, version }) => `${planId} ${version}`);
    insist(
      show(plans.versions.toSorted()) === show(own.toSorted()),
      () => `the plans are ${show(plans.versions)}, should be ${show(own)}`,
    );
    const { defaultPlan } = model.plans;
    insist(
      plans.defaultPlan === undefined || plans.defaultPlan === defaultPlan,
      () => `the default plan is ${plans.defaultPlan}, should be ${defaultPlan}`,
    );
    const archives = model.plans.archives.map(({ planId, lastVersion, at }) => `${planId} ${lastVersion} ${at}`);
    insist(
      show(plans.archives.toSorted()) === show(archives.toSorted()),
      () => `archived are ${show(plans.archives)}, should be ${show(archives)}`,
    );
  }

  #compareCounters({ counters }: Snapshot): void {
    const is = counters.map(({ plan_id, holder, currency, period, paid_micros, closed_at_cap_micros: closedAt }) => {
      const key = [plan_id, holder, currency, period].join(' ');
      return [key, { paid: BigInt(paid_micros), closedAt: closedAt ?? undefined }] as const;
    });
    // One that was looked at and paid nothing may be there or not.
    const [a, b] = [is, [...this.model.counters]].map((all) =>
      all.flatMap(([key, { paid, closedAt }]) =>
        paid > 0n || closedAt !== undefined ? [show([key, paid, closedAt])] : [],
      ),
    );
    insist(show(a?.toSorted()) === show(b?.toSorted()), () => `the counters are ${show(a)}, should be ${show(b)}`);
  }
}

function sameTold(event: Told, told: Told): boolean {
  return show(pick(event)) === show(pick(told));
}

/** In one order: events list entries as they lie in the table. */
function pick({ name, saleId, sequence, moves }: Told): Told {
  const order = (move: Told['moves'][number]): number => (move.kind === 'website_bonus' ? 0 : move.level);
  const sorted = moves.toSorted((a, b) => order(a) - order(b));
  return { name, saleId, sequence, moves: sorted.map((each) => normal(each)) };
}

function normal({ kind, level, beneficiary, from, to, delta, net }: Told['moves'][number]): Told['moves'][number] {
  return { kind, level, beneficiary, from, to, delta, net };
}

/** I4: what the events alone lead to equals what stands, per person, currency and status. */
export function checkPayouts(model: Model, payouts: PayoutsModel): void {
  const stands = new Map<string, bigint>();
  for (const { currency, entries } of model.sales.values()) {
    for (const { beneficiary, status, net } of entries) {
      const key = [beneficiary, currency, status].join(' ');
      if (net !== 0n) stands.set(key, (stands.get(key) ?? 0n) + net);
    }
  }
  const booked = new Map([...payouts.balances].filter(([, micros]) => micros !== 0n));
  const [a, b] = [stands, booked].map((all) => show([...all].map(String).toSorted()));
  insist(a === b && payouts.waiting === 0, () => `I4: nets are ${a}, payouts has ${b}, ${payouts.waiting} events wait`);
}
