import { createPool, isTransientDatabaseError } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { fakeClock, Gate, seededRandom, type Statement, Tally, type TestDatabase } from '@dailydoco/testing';
import pg from 'pg';
import { asTenantId, asUserId, asWebsiteId, type TenantId } from '../../src/ids.js';
import { checkBooks } from '../engine.js';
import { Auditor, checkPayouts, Tellings } from './auditor.js';
import { Broken, insist } from './broken.js';
import { Books, types } from './books.js';
import type { Desk } from './model-disputes.js';
import type { Entry } from './model-life.js';
import { Model, type Sale, type Sight } from './model.js';
import { PayoutsModel } from './payouts-model.js';
import { SHIPPED } from './plans.js';
import { ServiceProcess } from './service-process.js';

const START = new Date('2026-01-31T23:00:00.000Z');
/** Everybody's referrer in the beginning: a line of eight with two branches. */
const TREE: readonly (number | undefined)[] = [undefined, 0, 1, 2, 3, 4, 5, 6, 7, 3, 3, 9];
const WEBSITES = 3;
/** Who looks into disputes and decides. */
const STAFF = 2;
const PROCESSES = 2;
/** More often than faults of one round can hit one call. */
const MOST_ATTEMPTS = 40;

/** Its process is gone: the connection of whoever had called it is reset. */
class Reset extends Error {}

interface Running {
  readonly process: ServiceProcess;
  readonly died: Promise<never>;
  readonly die: (error: Error) => void;
}

/**
 * A database, processes of the service over it, a clock and a source of randomness that both do nothing by themselves,
 * and the model that says what must be.
 */
export class World {
  readonly tenantId: TenantId;
  readonly clock = fakeClock(START);
  readonly tally = new Tally();
  readonly told = new Tellings();
  readonly model = new Model(SHIPPED, 'standard');
  readonly auditor: Auditor;
  readonly gate: Gate;
  readonly random: () => number;
  /** What a command's commit means, where no event tells it. */
  readonly intents = new Map<number, () => void>();
  /** The body that was first answered under each key of a sale. */
  readonly answers = new Map<string, string>();
  readonly websites: readonly string[];
  readonly staff: readonly string[];
  failure: unknown;
  readonly #database: TestDatabase;
  readonly #observer: pg.Client;
  readonly #pool: ReturnType<typeof createPool>;
  readonly #payouts = new PayoutsModel();
  #running: Running[] = [];
  readonly #booted: ServiceProcess[] = [];
  readonly #sights = new WeakMap<object, Sight>();
  #delivered = 0;
  #ids = 0;
  readonly #idSuffix: string;

  private constructor(parts: { database: TestDatabase; observer: pg.Client; seed: number }) {
    this.#database = parts.database;
    this.#observer = parts.observer;
    this.random = seededRandom(parts.seed);
    this.#idSuffix = (parts.seed >>> 0).toString(16).padStart(12, '0');
    this.tenantId = asTenantId(this.newId());
    this.websites = Array.from({ length: WEBSITES }, () => this.newId());
    this.staff = Array.from({ length: STAFF }, () => this.newId());
    this.auditor = new Auditor(this.model, new Books(parts.observer, this.tenantId), this.told);
    this.gate = new Gate(parts.observer, (statement) => this.#executed(statement));
    const connectionString = parts.database.ownerUrl;
    this.#pool = createPool({ connectionString, max: 1, applicationName: 'auditor', statementTimeoutMs: 60_000 });
  }

  /** A world in which the first people have registered. `superuserUrl` leads to the server that the database is on. */
  static async begin(given: { database: TestDatabase; superuserUrl: string; seed: number }): Promise<World> {
    const { database, seed } = given;
    const url = new URL(given.superuserUrl);
    url.pathname = new URL(database.ownerUrl).pathname;
    const observer = new pg.Client({ connectionString: url.href, types });
    observer.on('error', () => undefined);
    await observer.connect();
    // How long a twin waits for a key is a bound of time, and time does not pass by itself here.
    await observer.query(
      "ALTER FUNCTION idempotency_claim(text[], text[], integer[], smallint[]) SET lock_timeout = '100s'",
    );
    const world = new World({ database, observer, seed });
    world.#running = Array.from({ length: PROCESSES }, (_, n) => world.#boot(`process ${n}`));
    await world.#populate();
    world.gate.closed = true;
    return world;
  }

  newId(): string {
    this.#ids += 1;
    return `${this.#ids.toString(16).padStart(8, '0')}-0000-7000-8000-${this.#idSuffix}`;
  }

  get now(): number {
    return this.clock.now().getTime();
  }

  /** Those who have registered, in that order. */
  get people(): readonly string[] {
    return [...this.model.people.keys()];
  }

  /** Purchases, oldest first. */
  get sales(): readonly Sale[] {
    return [...this.model.sales.values()];
  }

  get entries(): readonly Entry[] {
    return this.sales.flatMap(({ entries }) => entries);
  }

  /** Disputes and decisions, as the model has them. */
  get desk(): Desk {
    return this.auditor.desk;
  }

  one<T>(all: readonly T[], choice: number): T {
    const chosen = all[choice % all.length];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  }

  /** Somebody who registers below another, by that one's code. Not a member yet. */
  newcomer(referrer: string | undefined): string {
    const id = this.newId();
    this.told.registrations.set(id, referrer);
    return id;
  }

  /**
   * What a client does that must have an answer: it asks one of the processes, and asks again while it gets none. The
   * answer of a process that died in between never comes.
   */
  async attempt<T>(ask: (process: ServiceProcess) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const running = this.one(this.#running, Math.floor(this.random() * this.#running.length));
      try {
        return await Promise.race([ask(running.process), running.died]);
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.tally.count('clients: asked again');
      }
    }
    throw new Broken(`a call failed ${MOST_ATTEMPTS} times`);
  }

  /** The process ends without a warning; another takes its place and knows nothing of it. */
  async kill(victim: Statement['owner']): Promise<void> {
    const index = this.#running.findIndex(({ process }) => process === victim);
    const running = this.#running[index];
    if (running === undefined) throw new Error('only a process that runs can die');
    await this.gate.kill(running.process);
    this.#running[index] = this.#boot(running.process.name);
    running.die(new Reset('connection reset by peer'));
  }

  /** What holds after each round: everything that the specs of the money core check, and I4 once all is delivered. */
  async check(): Promise<void> {
    const { wrong } = await checkBooks({ pool: this.#pool });
    insist(wrong.length === 0, () => `the books are wrong: ${String(wrong.length)} places`);
    this.#deliver();
    checkPayouts(this.model, this.#payouts);
    if (this.failure !== undefined) throw this.failure;
    const [fault] = this.gate.faults;
    insist(fault === undefined, () => String(fault));
  }

  async end(): Promise<void> {
    for (const { process } of this.#running) await this.gate.kill(process);
    this.gate.close();
    // What died long ago, too, is kept by the metrics it registered until it has ended.
    await Promise.all(this.#booted.map((process) => process.stop()));
    await this.#observer.end();
    await this.#pool.end();
    await this.#database.drop();
  }

  async #executed({ text, client, command }: Statement): Promise<void> {
    if (text === 'BEGIN') this.#sights.delete(client);
    // These two read what may change before the commit, and what they saw is what counts.
    if (/AS active_referrals|FROM referral_code c/.test(text)) this.#sights.set(client, this.model.sight());
    if (text !== 'COMMIT') return;
    try {
      const sight = this.#sights.get(client) ?? this.model.sight();
      this.intents.get(command)?.();
      await this.auditor.committed(this.now, sight, this.told.acts.get(command));
      this.tally.count('database: commits');
    } catch (error) {
      this.failure ??= error;
    }
  }

  /** Every event at least once: in any order, some again, also long after. */
  #deliver(): void {
    const fresh = this.auditor.outbox.slice(this.#delivered);
    const again = this.auditor.outbox.filter(() => this.random() < 0.1);
    this.#delivered = this.auditor.outbox.length;
    const order = [...fresh, ...again].map((event) => ({ event, place: this.random() }));
    for (const { event } of order.toSorted((a, b) => a.place - b.place)) this.#payouts.take(event);
    this.tally.count('events: delivered', fresh.length);
    this.tally.count('events: delivered again', again.length);
  }

  #boot(name: string): Running {
    const { users, sites } = this.#neighbours();
    const process = new ServiceProcess(name, {
      connectionString: this.#database.appUrl,
      clock: this.clock,
      newId: () => this.newId(),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(this.random() * 256)),
      users,
      sites,
      groupMax: 4,
      guard: (pool, owner) => this.gate.guard(pool, owner),
    });
    this.#booted.push(process);
    const { promise: died, reject: die } = Promise.withResolvers<never>();
    // Nobody may be asking when it dies.
    died.catch(() => undefined);
    return { process, died, die };
  }

  /** What identity and website-builder know. */
  #neighbours(): Pick<ConstructorParameters<typeof ServiceProcess>[1], 'users' | 'sites'> {
    const { tenantId, told } = this;
    return {
      users: {
        findUser: async (userId) => {
          if (!told.registrations.has(userId)) return undefined;
          const referrer = told.registrations.get(userId);
          const referralCode = referrer && this.auditor.codes.get(referrer);
          return { tenantId, userId, status: 'active', referralCode, visitorId: undefined, registeredAt: START };
        },
      },
      sites: {
        findWebsite: async (_, websiteId) => {
          const owner = told.websites.get(websiteId);
          return owner === undefined ? undefined : { tenantId, websiteId, ownerId: asUserId(owner) };
        },
      },
    };
  }

  async #populate(): Promise<void> {
    const people: string[] = [];
    for (const referrer of TREE) {
      const id = this.newcomer(referrer === undefined ? undefined : people[referrer]);
      people.push(id);
      const sight = this.model.sight();
      await this.attempt((process) => process.ensureMember(this.tenantId, asUserId(id)));
      await this.auditor.committed(this.now, sight);
    }
    this.websites.forEach((id, n) => this.told.websites.set(asWebsiteId(id), this.one(people, n * 4 + 1)));
  }
}

/** Whether the call may be made again, as any client of the service would do. */
function isPassing(error: unknown): boolean {
  if (error instanceof Reset || isTransientDatabaseError(error)) return true;
  return error instanceof DomainError && error.reason === 'REQUEST_IN_PROGRESS';
}
