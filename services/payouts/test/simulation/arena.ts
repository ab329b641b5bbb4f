import { createPool } from '@dailydoco/database';
import { Gate, type Statement, type TestDatabase } from '@dailydoco/testing';
import pg from 'pg';
import type { Payout } from '../../src/payouts/payout.js';
import type { Finding } from '../../src/payouts/screen.js';
import type { RailKind } from '../../src/rails/rail.js';
import { railRegistry } from '../../src/rails/registry.js';
import { sepaRailOf } from '../../src/rails/sepa/sepa-settings.adapter.js';
import { migratedDatabase } from '../books.js';
import type { Provider } from './provider.js';
import { lineTo, type RailLine } from './rail-line.js';
import { ServiceProcess, type Surroundings } from './service-process.js';

const PROCESSES = 2;
const BANK = { SEPA_DEBTOR_NAME: 'Growth GmbH', SEPA_DEBTOR_IBAN: 'DE89370400440532013000' };

/** A process that answers until it dies. */
export interface Running {
  readonly process: ServiceProcess;
  readonly died: Promise<never>;
  readonly die: (error: Error) => void;
}

/** What the processes of an arena find around them while a simulation has it. */
export interface Around extends Pick<Surroundings, 'clock' | 'newId'> {
  readonly random: () => number;
  readonly line: RailLine;
  readonly withheldBps: ReadonlyMap<string, number>;
  provider(kind: RailKind): Provider;
  findingsOf(payouts: readonly Payout[]): ReadonlyMap<Payout['id'], readonly Finding[]>;
}

/** Its process is gone: the connection of whoever had called it is reset. */
export class Reset extends Error {}

/**
 * What simulations share: a database, and processes over it whose connections stay open. One simulation after the other
 * has the arena; each has a tenant, a clock and ids of its own.
 */
export class Arena {
  readonly gate: Gate;
  /** Past the gate: for looking. */
  readonly pool: ReturnType<typeof createPool>;
  running: readonly Running[] = [];
  #world: Around | undefined;
  readonly #database: TestDatabase;
  readonly #observer: pg.Client;
  readonly #booted: ServiceProcess[] = [];

  private constructor(database: TestDatabase, observer: pg.Client) {
    this.#database = database;
    this.#observer = observer;
    this.gate = new Gate(observer, () => undefined, 'arrival');
    const connectionString = database.appUrl;
    this.pool = createPool({ connectionString, max: 1, applicationName: 'auditor', statementTimeoutMs: 60_000 });
  }

  /** `superuserUrl` leads to the server that the database is made on. */
  static async open(superuserUrl: string): Promise<Arena> {
    const database = await migratedDatabase(superuserUrl);
    const url = new URL(superuserUrl);
    url.pathname = new URL(database.ownerUrl).pathname;
    const observer = new pg.Client({ connectionString: url.href });
    observer.on('error', () => undefined);
    await observer.connect();
    // How long a twin waits for a key is a bound of time, and time does not pass by itself here.
    await observer.query(
      "ALTER FUNCTION idempotency_claim(text[], text[], integer[], smallint[]) SET lock_timeout = '100s'",
    );
    const arena = new Arena(database, observer);
    arena.running = Array.from({ length: PROCESSES }, (_, n) => arena.#boot(`process ${n}`));
    return arena;
  }

  get world(): Around {
    if (this.#world === undefined) throw new Error('nothing is being simulated');
    return this.#world;
  }

  enter(world: Around): void {
    this.#world = world;
  }

  /** The process ends without a warning; another takes its place and knows nothing of it. */
  async kill(victim: Statement['owner']): Promise<void> {
    const dead = this.running.find(({ process }) => process === victim);
    if (dead === undefined) throw new Error('only a process that runs can die');
    await this.gate.kill(dead.process);
    this.running = this.running.map((each) => (each === dead ? this.#boot(dead.process.name) : each));
    dead.die(new Reset('connection reset by peer'));
  }

  async close(): Promise<void> {
    for (const { process } of this.running) await this.gate.kill(process);
    this.gate.close();
    await Promise.all(this.#booted.map((process) => process.stop()));
    await this.#observer.end();
    await this.pool.end();
    await this.#database.drop();
  }

  #boot(name: string): Running {
    const process = new ServiceProcess(name, {
      connectionString: this.#database.appUrl,
      clock: { now: () => this.world.clock.now() },
      newId: () => this.world.newId(),
      randomBytes: (size) => Uint8Array.from({ length: size }, () => Math.floor(this.world.random() * 256)),
      rails: (owner) => {
        const called = (kind: RailKind) =>
          lineTo({ kind, owner, provider: () => this.world.provider(kind), line: () => this.world.line });
        return railRegistry([called('stripe'), called('usdc'), sepaRailOf(BANK)]);
      },
      screens: () => [{ findingsOf: (payouts) => Promise.resolve(this.world.findingsOf(payouts)) }],
      withholding: () => ({ bpsOf: () => Promise.resolve(this.world.withheldBps) }),
      guard: (pool, owner) => this.gate.guard(pool, owner),
    });
    this.#booted.push(process);
    const { promise: died, reject: die } = Promise.withResolvers<never>();
    // Nobody may be asking when it dies.
    died.catch(() => undefined);
    return { process, died, die };
  }
}
