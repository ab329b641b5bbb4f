import { isTransientDatabaseError } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import type { ReceivedEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import { fakeClock, seededRandom, Tally } from '@dailydoco/testing';
import {
  asPayoutMethodId,
  asTenantId,
  asUserId,
  type PayoutMethodId,
  type TenantId,
  type UserId,
} from '../../src/ids.js';
import { methodSecrecy } from '../../src/methods/methods.module.js';
import { PayoutMethodStore } from '../../src/methods/payout-method.store.js';
import type { Payout } from '../../src/payouts/payout.js';
import type { Finding } from '../../src/payouts/screen.js';
import { PolicyStore } from '../../src/policies/policy.store.js';
import type { RailKind } from '../../src/rails/rail.js';
import { Life, START } from '../lives.js';
import { receivedOf } from '../wire.js';
import { type Arena, Reset } from './arena.js';
import { Bank, type BankMail } from './bank-model.js';
import { Broken, oneOf } from './broken.js';
import { Provider, type ProviderEvent } from './provider.js';
import { RailLine } from './rail-line.js';
import type { ServiceProcess } from './service-process.js';

/** More often than faults of one round can hit one call. */
const MOST_ATTEMPTS = 40;
/** What of an amount tells the screens to find something. */
const CENTS_MICROS = 1_000_000n;
const ONE_FINDING = 130_000n;
const TWO_FINDINGS = 260_000n;
/** More than this needs somebody's approval. */
export const APPROVED_ABOVE = 200_000_000n;
const IBAN = 'FR1420041010050500013M02606';
const WITHHELD_BPS = 3_000;

export interface Method {
  readonly id: PayoutMethodId;
  readonly personId: UserId;
  readonly kind: RailKind;
  readonly currency: 'USD' | 'EUR';
}

/** What a client has asked for, and the last word that it was given. */
export interface ToldOrder {
  readonly method: Method;
  readonly micros: bigint;
  /** Undefined: it was refused. */
  payoutId: string | undefined;
}

/** A provider's event on its way to the service. */
export interface Webhook {
  readonly kind: 'stripe' | 'usdc';
  readonly event: ProviderEvent;
}

let worlds = 0;

/** One simulation: a tenant of the arena's database, with everybody who has to do with it. */
export class World {
  readonly clock = fakeClock(START);
  readonly tally = new Tally();
  readonly random: () => number;
  readonly tenantId: TenantId;
  readonly people: readonly UserId[];
  readonly finance: readonly UserId[];
  readonly methods: readonly Method[];
  readonly lives: Life[] = [];
  readonly bank: Bank;
  readonly line: RailLine;
  readonly withheldBps: ReadonlyMap<string, number>;
  /** By idempotency key. */
  readonly orders = new Map<string, ToldOrder>();
  /** Payouts of which a client was told that they are cancelled. */
  readonly cancelled = new Set<string>();
  /** Batches, and what was told of their being sent first. */
  readonly sent = new Map<string, string>();
  /** What of the bank's was brought in. */
  readonly brought = new Set<BankMail>();
  /** Nothing may leave; as it stood after the last round. */
  stopped = false;
  readonly arena: Arena;
  failure: unknown;
  readonly #providers: Readonly<Record<'stripe' | 'usdc', Provider>>;
  #ids = 0;
  readonly #idSuffix: string;
  readonly #delivered = new Set<ProviderEvent>();
  #moneyEvents: ReceivedEvent[] = [];
  readonly #told: ReceivedEvent[] = [];
  readonly #tellings = new Map<Life, number>();
  #keys = 0;

  private constructor(arena: Arena, seed: number) {
    this.arena = arena;
    worlds += 1;
    const place = (worlds & 0xffff).toString(16).padStart(4, '0');
    this.#idSuffix = `${place}-7000-8000-${(seed >>> 0).toString(16).padStart(12, '0')}`;
    this.random = seededRandom(seed);
    this.tenantId = asTenantId(this.newId());
    this.people = Array.from({ length: 2 }, () => asUserId(this.newId()));
    this.finance = Array.from({ length: 2 }, () => asUserId(this.newId()));
    const [one, two] = this.people;
    if (one === undefined || two === undefined) throw new Error('there are two people');
    const method = (personId: UserId, kind: RailKind, currency: Method['currency']): Method => ({
      id: asPayoutMethodId(this.newId()),
      personId,
      kind,
      currency,
    });
    this.methods = [method(one, 'stripe', 'USD'), method(one, 'sepa', 'EUR'), method(two, 'usdc', 'USD')];
    this.withheldBps = new Map([[two, WITHHELD_BPS]]);
    const given = { random: this.random, newId: () => this.newId() };
    // Where time may pass between a decision to pay and the call, only a provider that knows references pays once.
    this.#providers = {
      stripe: new Provider({ ...given, knowsReferences: true }),
      usdc: new Provider({ ...given, knowsReferences: this.mayStall }),
    };
    this.bank = new Bank({ random: this.random, account: this.tenantId.slice(0, 13) });
    this.line = new RailLine(() => arena.gate.command);
  }

  /** A world in which the people have methods and have earned something. */
  static async begin(arena: Arena, seed: number): Promise<World> {
    const world = new World(arena, seed);
    arena.enter(world);
    await world.#populate();
    return world;
  }

  /** Whether, in this world, processes stand still for minutes between two of their steps. */
  get mayStall(): boolean {
    return Number.parseInt(this.#idSuffix.slice(-1), 16) % 2 === 1;
  }

  newId(): string {
    this.#ids += 1;
    return `${this.#ids.toString(16).padStart(8, '0')}-${this.#idSuffix}`;
  }

  newKey(): string {
    this.#keys += 1;
    return `key-${this.#keys}`;
  }

  get today(): string {
    return this.clock.now().toISOString().slice(0, 10);
  }

  provider(kind: RailKind): Provider {
    if (kind !== 'stripe' && kind !== 'usdc') throw new Error(`${kind} has no provider`);
    return this.#providers[kind];
  }

  get providers(): readonly (readonly ['stripe' | 'usdc', Provider])[] {
    return [
      ['stripe', this.#providers.stripe],
      ['usdc', this.#providers.usdc],
    ];
  }

  /** How often anybody outside was told to pay anything. */
  get left(): number {
    return this.providers.reduce((sum, [, { sent }]) => sum + sent, this.bank.transfers.size);
  }

  one<T>(all: readonly T[], choice: number): T {
    const chosen = all[choice % all.length];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  }

  /** What the screens find, by the amount alone. */
  findingsOf(payouts: readonly Payout[]): ReadonlyMap<Payout['id'], readonly Finding[]> {
    const finding: Finding = { source: 'risk', code: 'simulated', detail: 'The amount asks for it.' };
    return new Map(
      payouts.flatMap(({ id, amountMicros }) => {
        const found = Array.from({ length: findingsFor(amountMicros) }, () => finding);
        return found.length === 0 ? [] : [[id, found] as const];
      }),
    );
  }

  /**
   * What a client does that must have an answer: it asks one of the processes, and asks again while it gets none. The
   * answer of a process that died in between never comes.
   */
  async attempt<T>(ask: (process: ServiceProcess) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const { process, died } = oneOf(this.arena.running, this.random);
      try {
        return await Promise.race([ask(process), died]);
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.tally.count('clients: asked again');
      }
    }
    throw new Broken(`a call failed ${MOST_ATTEMPTS} times`);
  }

  /** As attempt; the reason of a refusal instead of an error. */
  async ask<T>(ask: (process: ServiceProcess) => Promise<T>): Promise<T | string> {
    try {
      return await this.attempt(ask);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.tally.count(`refusals: ${error.reason}`);
      return error.reason;
    }
  }

  /** A round of something that goes on by itself: what a fault ends is taken up by the next round. */
  async round(work: (process: ServiceProcess) => Promise<unknown>): Promise<void> {
    const { process, died } = oneOf(this.arena.running, this.random);
    try {
      await Promise.race([work(process), died]);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.tally.count('rounds: cut short');
    }
  }

  /** What providers have told and nobody has received. */
  get webhooks(): readonly Webhook[] {
    return this.providers.flatMap(([kind, { events }]) =>
      events.filter((event) => !this.#delivered.has(event)).map((event) => ({ kind, event })),
    );
  }

  /** Everything that providers have ever told. */
  get allWebhooks(): readonly Webhook[] {
    return this.providers.flatMap(([kind, { events }]) => events.map((event) => ({ kind, event })));
  }

  async deliver(webhooks: readonly Webhook[]): Promise<void> {
    const reports = webhooks.map(({ kind, event }) => ({
      tenantId: this.tenantId,
      rail: kind,
      reportId: event.id,
      reference: event.reference as Payout['id'],
      answer: {
        state: event.state,
        reason: event.reason,
        askAgainAfterMs: undefined,
        ...(event.feeMicros !== undefined && { feeMicros: event.feeMicros }),
      },
      amountMicros: event.micros,
      currency: event.micros === undefined ? undefined : currencyOf(event.currency),
      occurredAt: START,
    }));
    const applied = await this.attempt((process) => process.receive(reports));
    for (const each of applied) this.tally.count(`reports: ${each ?? 'known already'}`);
    for (const { event } of webhooks) this.#delivered.add(event);
  }

  /** A purchase of which the person has earned the amount. */
  earn(personId: UserId, micros: bigint, currency: string): Life {
    const shares = [{ beneficiaryId: personId, micros }];
    const newId = (): string => this.newId();
    const sold = { tenantId: this.tenantId, currency: currencyOf(currency), amountMicros: 2n * micros, shares, newId };
    const life = new Life(sold);
    life.release();
    this.lives.push(life);
    this.tellMoney(life);
    return life;
  }

  /** What happened to a purchase since it was last told is on its way. */
  tellMoney(life: Life): void {
    const events = receivedOf(life);
    this.#moneyEvents.push(...events.slice(this.#tellings.get(life) ?? 0));
    this.#tellings.set(life, events.length);
  }

  get hasMoneyEvents(): boolean {
    return this.#moneyEvents.length > 0;
  }

  /** Some of the events of purchases, or all, in any order, and some of earlier ones again. */
  async deliverMoney(all = false): Promise<void> {
    const drawn = this.#moneyEvents.map((event) => ({ event, place: this.random(), now: all || this.random() < 0.7 }));
    const fresh = drawn.filter(({ now }) => now).toSorted((a, b) => a.place - b.place);
    const events = fresh.map(({ event }) => event);
    const again = this.#told.filter(() => this.random() < 0.1);
    if (events.length + again.length === 0) return;
    this.#moneyEvents = this.#moneyEvents.filter((event) => !events.includes(event));
    await this.attempt((process) => process.consume([...events, ...again]));
    this.#told.push(...events);
    this.tally.count('events: of purchases', events.length);
    this.tally.count('events: of purchases again', again.length);
  }

  async #populate(): Promise<void> {
    const [first] = this.arena.running;
    if (first === undefined) throw new Error('no process runs');
    const { process } = first;
    await process.inTransaction(async (tx) => {
      const store = new PayoutMethodStore(tx, methodSecrecy(process.runtime));
      for (const { id, personId, kind } of this.methods) {
        const shown = { masked: '••••', outcome: undefined, country: undefined, heldUntil: undefined };
        const method = { tenantId: this.tenantId, personId, id, kind, ...shown, createdAt: this.clock.now() };
        const details = kind === 'sepa' ? { name: 'Zoe Partner', iban: IBAN } : 'an account';
        await store.add(method, { details, account: `${kind} ${personId}` });
      }
      await new PolicyStore(tx).addPolicy({
        tenantId: this.tenantId,
        version: 1,
        minimums: [],
        approvalsAbove: ['USD', 'EUR'].map((code) => ({ amountMicros: APPROVED_ABOVE, currency: currencyOf(code) })),
        decision: { reason: 'the beginning', by: this.one(this.finance, 0), at: this.clock.now() },
      });
    });
    for (const { personId, currency } of this.methods) this.earn(personId, 1_000_000_000n, currency);
    await this.deliverMoney(true);
  }
}

/** How many findings the screens make of an amount. */
export function findingsFor(micros: bigint): number {
  const cents = micros % CENTS_MICROS;
  if (cents === ONE_FINDING) return 1;
  return cents === TWO_FINDINGS ? 2 : 0;
}

/** Whether the call may be made again, as any client of the service would do. */
function isPassing(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isPassing);
  if (error instanceof Reset || isTransientDatabaseError(error)) return true;
  return error instanceof DomainError && error.reason === 'REQUEST_IN_PROGRESS';
}
