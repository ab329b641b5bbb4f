import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { FrozenBackends } from './frozen-backends.js';
import { type ShortTimers, watchShortTimers } from './short-timers.js';

type Client = pg.PoolClient & { readonly processID: number };
type Answer = pg.QueryResult;

/**
 * What befalls a statement: its connection is gone before the server hears of it, or before the answer is heard; or it
 * is executed and whoever asked dies without hearing of it.
 */
export type StatementCut = 'before' | 'after' | 'silence';

/** Whoever has connections and can die: one process of the service. */
export interface Mortal {
  readonly name: string;
  dead: boolean;
}

/** A statement that somebody awaits and that has not been sent: the scheduler says when it is. */
export interface Statement {
  readonly owner: Mortal;
  /** The command in whose course it was asked for. */
  readonly command: number;
  /** The number of its connection, in the order in which they were opened. */
  readonly connection: number;
  readonly text: string;
  readonly client: pg.PoolClient;
}

interface Parked extends Statement {
  /** Its place among all that were ever asked. */
  readonly place: number;
  readonly send: () => Promise<Answer>;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** A statement that was sent and is not answered. */
interface Flight {
  readonly statement: Parked;
  /** Known to wait for a lock that somebody else has. */
  blocked: boolean;
  /** It is answered; whoever awaits it goes on by this. */
  outcome: (() => void) | undefined;
}

/** The pg client's methods that are watched, as loosely as it types them. */
interface Asking {
  query: (...given: unknown[]) => unknown;
}

/** Told of every statement that was executed, before whoever awaits it goes on. */
export type OnExecuted = (statement: Statement) => Promise<void> | void;

/**
 * What decides between statements of one command. `connection`: the order in which their connections were opened, where
 * every simulation opens its own. `arrival`: the order in which they were asked, where connections outlive simulations.
 */
export type StatementOrder = 'connection' | 'arrival';

const WAIT_FOR_ANSWER_MS = 4;
/** What ends a database transaction, and with it its locks. */
const ENDS = /^(COMMIT|ROLLBACK)$/;
/** Longer than the server takes to look for a deadlock (1 s). */
const STUCK_MS = 5_000;
/** What is left of a dead process's work ends within so many turns of the event loop. */
const TURNS_TO_END = 5;

/**
 * Stands between the service and its database: every statement of every connection waits here until it is released,
 * one at a time. After each release `settle` waits until nothing moves any more: every statement that was sent is
 * answered or waits for a lock, and every promise that could go on has gone on to its next statement.
 */
export class Gate {
  /** Closed: statements wait to be released. Open: they pass. */
  closed = false;
  /** Errors that must never happen, whatever the order: deadlocks. */
  readonly faults: string[] = [];
  readonly #observer: pg.Client;
  readonly #onExecuted: OnExecuted;
  readonly #context = new AsyncLocalStorage<number>();
  readonly #timers: ShortTimers;
  readonly #backends: FrozenBackends;
  readonly #compare: (a: Parked, b: Parked) => number;
  #parked: Parked[] = [];
  /** Those who wait for an answer that never comes, because their process died; told when all is over. */
  readonly #waitingInVain: ((error: Error) => void)[] = [];
  #over = false;
  readonly #flights = new Set<Flight>();
  readonly #clients = new Map<Mortal, Set<Client>>();
  readonly #ended = new WeakSet<Client>();
  #connecting = 0;
  #connections = 0;
  #places = 0;
  /** Connections are opened one after the other, or which is whose would be chance. */
  #lastConnect: Promise<unknown> = Promise.resolve();
  /** Something may have given locks back since it was seen who waits for them. */
  #mayHaveFreed = false;
  #answered = Promise.withResolvers<void>();

  /** `observer` is a superuser's connection to the same database: it looks at locks and ends connections. */
  constructor(observer: pg.Client, onExecuted: OnExecuted, order: StatementOrder = 'connection') {
    this.#observer = observer;
    this.#onExecuted = onExecuted;
    this.#timers = watchShortTimers();
    this.#backends = new FrozenBackends(observer.database ?? '');
    this.#compare = order === 'connection' ? byConnection : byArrival;
  }

  /** The command in whose course this is asked; -1: none. */
  get command(): number {
    return this.#context.getStore() ?? -1;
  }

  /** Everything that the work asks of the database counts as the command's. */
  inCommand<T>(command: number, work: () => Promise<T>): Promise<T> {
    return this.#context.run(command, work);
  }

  /** Puts all connections of the pool behind the gate. */
  guard(pool: pg.Pool, owner: Mortal): void {
    const clients = new Set<Client>();
    this.#clients.set(owner, clients);
    pool.on('connect', (connected) => {
      const client = connected as Client;
      clients.add(client);
      client.on('error', () => undefined);
      client.on('end', () => {
        clients.delete(client);
        this.#ended.add(client);
      });
      this.#connections += 1;
      this.#watch(client, { owner, connection: this.#connections });
    });
    const connect = pool.connect.bind(pool) as () => Promise<pg.PoolClient>;
    const inTurn = async (): Promise<pg.PoolClient> => {
      if (owner.dead) return this.#inVain();
      this.#connecting += 1;
      const mine = this.#lastConnect.then(() => connect());
      this.#lastConnect = mine.catch(() => undefined);
      return mine.finally(() => (this.#connecting -= 1));
    };
    // As the pool's own `query` takes it.
    const calling = (tell: (error: unknown, client?: unknown, release?: unknown) => void): void => {
      inTurn().then(
        (client) => tell(undefined, client, (release?: Error | boolean) => client.release(release)),
        (error: unknown) => tell(error),
      );
    };
    Object.assign(pool, {
      connect: (callback?: Parameters<typeof calling>[0]) => (callback ? calling(callback) : inTurn()),
    });
  }

  /**
   * The statements that may be sent next, in an order that does not depend on when they came. Of those that were asked for
   * together it is the first, once the one before it was answered: the server takes a connection's statements in turn.
   */
  get parked(): readonly Statement[] {
    const taken = new Set([...this.#flights].map(({ statement }) => statement.client));
    const next = this.#parked.filter(({ client }) => !taken.has(client) && taken.add(client));
    return next.toSorted(this.#compare);
  }

  /** How many wait for locks, once nothing moves. */
  get blocked(): number {
    return this.#flights.size;
  }

  /** Sends a statement; what becomes of it is seen by `settle`. */
  async release(statement: Statement, cut?: StatementCut): Promise<void> {
    const parked = this.#parked.find((each) => each === statement);
    if (parked === undefined) throw new Error('Only a statement that waits can be released');
    this.#parked = this.#parked.filter((each) => each !== parked);
    if (cut !== undefined || ENDS.test(parked.text)) this.#freezeWaiting();
    if (cut === 'before') await this.#cut(parked.client as Client);
    const flight: Flight = { statement: parked, blocked: false, outcome: undefined };
    this.#flights.add(flight);
    void this.#send(flight, cut);
  }

  /** Ends all connections of a process as if it were killed: nothing it awaits ever answers. */
  async kill(owner: Mortal): Promise<void> {
    owner.dead = true;
    for (const { owner: asker, reject } of this.#parked) if (asker === owner) this.#waitingInVain.push(reject);
    this.#parked = this.#parked.filter((each) => each.owner !== owner);
    this.#freezeWaiting();
    for (const client of this.#clients.get(owner) ?? []) await this.#cut(client);
  }

  /**
   * Resolves when nothing moves any more. Answers are handed out in one order, whichever came first: several may come at
   * once when a commit frees what they had waited for.
   */
  async settle(): Promise<void> {
    for (let idle = 0; idle < 2; idle += 1) {
      await nextTurn();
      const flights = [...this.#flights];
      if (this.#connecting > 0 || this.#timers.pending > 0) {
        await pause(WAIT_FOR_ANSWER_MS);
        idle = -1;
      } else if (this.#mayHaveFreed || flights.some(({ blocked, outcome }) => !blocked && outcome === undefined)) {
        await this.#waitForAnswers(flights.filter(({ outcome }) => outcome === undefined));
        idle = -1;
      } else {
        for (const flight of flights.toSorted((a, b) => this.#compare(a.statement, b.statement))) {
          if (flight.outcome === undefined) continue;
          this.#flights.delete(flight);
          flight.outcome();
          await nextTurn();
          idle = -1;
        }
      }
    }
  }

  /** Whether everything waits for locks, for longer than the server needs to find a deadlock. */
  async isStuck(): Promise<boolean> {
    const until = performance.now() + STUCK_MS;
    while (performance.now() < until) {
      await pause(50);
      if ([...this.#flights].some(({ outcome }) => outcome !== undefined)) return false;
    }
    return true;
  }

  /**
   * Between two simulations: tells everybody who waits for the answer of a dead process that the connection is gone, and
   * lets them come to their ends.
   */
  async bury(): Promise<void> {
    this.#over = true;
    for (const reject of this.#waitingInVain.splice(0)) reject(connectionLost());
    for (let turn = 0; turn < TURNS_TO_END; turn += 1) await nextTurn();
    this.#over = false;
  }

  /** All is over: whoever still waits is told that the connection is gone, so that nothing stays behind in memory. */
  close(): void {
    this.#timers.stop();
    this.#backends.thawAll();
    this.#over = true;
    const lost = connectionLost();
    for (const { reject } of this.#parked) reject(lost);
    for (const reject of this.#waitingInVain) reject(lost);
    for (const { statement } of this.#flights) statement.reject(lost);
    this.#parked = [];
  }

  #inVain(): Promise<never> {
    if (this.#over) return Promise.reject(connectionLost());
    return new Promise((_, reject) => this.#waitingInVain.push(reject));
  }

  #watch(client: Client, of: Pick<Statement, 'owner' | 'connection'>): void {
    const asking = client as unknown as Asking;
    const query = asking.query.bind(client);
    asking.query = (...given: unknown[]): unknown => {
      const last = given.at(-1);
      const tell = typeof last === 'function' ? (given.pop() as (...given: unknown[]) => void) : undefined;
      const [config] = given;
      const text = typeof config === 'string' ? config : String((config as { text?: unknown }).text);
      const answer = this.#ask({ ...of, client, text, send: () => query(...given) as Promise<Answer> });
      if (tell === undefined) return answer;
      answer.then(
        (result) => tell(undefined, result),
        (error: unknown) => tell(error),
      );
      return undefined;
    };
  }

  #ask(asked: Omit<Parked, 'place' | 'command' | 'resolve' | 'reject'>): Promise<Answer> {
    if (asked.owner.dead) return this.#inVain();
    if (!this.closed) return asked.send();
    const { command } = this;
    this.#places += 1;
    const place = this.#places;
    return new Promise((resolve, reject) => {
      this.#parked.push({ ...asked, place, command, resolve, reject });
    });
  }

  async #send(flight: Flight, cut: StatementCut | undefined): Promise<void> {
    const { statement } = flight;
    let outcome: () => void;
    try {
      const answer = await statement.send();
      await this.#onExecuted(statement);
      outcome = () => statement.resolve(answer);
      if (cut === 'silence') statement.owner.dead = true;
      if (cut === 'after') {
        await this.#cut(statement.client as Client);
        outcome = () => statement.reject(connectionLost());
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === '40P01') {
        this.faults.push(`a deadlock in: ${statement.text.trim().slice(0, 200)}`);
      }
      outcome = () => statement.reject(error);
    }
    if (ENDS.test(statement.text)) this.#mayHaveFreed = true;
    // Whoever died hears nothing any more.
    flight.outcome = () => {
      if (statement.owner.dead) this.#waitingInVain.push(statement.reject);
      else outcome();
    };
    this.#answered.resolve();
  }

  /** Waits until each is answered or known to wait for a lock; those who waited before go on one after the other. */
  async #waitForAnswers(flights: readonly Flight[]): Promise<void> {
    this.#mayHaveFreed = false;
    const before = flights.filter(({ blocked }) => blocked);
    await this.#waitFor(flights.filter(({ blocked }) => !blocked));
    for (const flight of before.toSorted((a, b) => this.#compare(a.statement, b.statement))) {
      this.#backends.thaw(pidOf(flight));
      await this.#waitFor([flight]);
    }
    // One that went on may have moved up another in the line.
    await this.#waitFor(before.filter(({ outcome }) => outcome === undefined));
  }

  async #waitFor(flights: readonly Flight[]): Promise<void> {
    for (const flight of flights) flight.blocked = false;
    while (flights.some(({ blocked, outcome }) => !blocked && outcome === undefined)) {
      this.#answered = Promise.withResolvers();
      const silence = new AbortController();
      await Promise.race([this.#answered.promise, pause(WAIT_FOR_ANSWER_MS, undefined, { signal: silence.signal })]);
      silence.abort();
      await this.#findBlocked(flights.filter(({ outcome }) => outcome === undefined));
    }
  }

  /** What ends now may free several: they stand still until it is the turn of each. */
  #freezeWaiting(): void {
    for (const flight of this.#flights) if (flight.blocked) this.#backends.freeze(pidOf(flight));
  }

  /** The server's locks in one snapshot: a lock is handed on before the statement that freed it is answered. */
  async #findBlocked(flights: readonly Flight[]): Promise<void> {
    if (flights.length === 0) return;
    const pids = flights.map(pidOf);
    const { rows } = await this.#observer.query<{ pid: number }>(
      'SELECT DISTINCT pid FROM pg_locks WHERE NOT granted AND pid = ANY ($1::int[])',
      [pids],
    );
    // One that is at work may free what the others wait for.
    const everybody = rows.length === flights.length && flights.every(({ outcome }) => outcome === undefined);
    if (everybody) for (const flight of flights) flight.blocked = true;
  }

  /**
   * Ends a connection on the server's side, and waits until both sides know. It may have ended before: of the statements that
   * were asked for together the others still wait here.
   */
  async #cut(client: Client): Promise<void> {
    if (this.#ended.has(client)) return;
    this.#mayHaveFreed = true;
    const known = new Promise<void>((resolve) => client.once('end', () => resolve()));
    const pid = client.processID;
    this.#backends.thaw(pid);
    await this.#observer.query('SELECT pg_terminate_backend($1)', [pid]);
    for (;;) {
      const { rowCount } = await this.#observer.query('SELECT 1 FROM pg_stat_activity WHERE pid = $1', [pid]);
      if (rowCount === 0) break;
    }
    await known;
  }
}

function pidOf({ statement }: Flight): number {
  return (statement.client as Client).processID;
}

function connectionLost(): Error {
  return new Error('Connection terminated unexpectedly');
}

function byArrival(a: Parked, b: Parked): number {
  return a.command - b.command || a.place - b.place;
}

function byConnection(a: Statement, b: Statement): number {
  return a.command - b.command || a.connection - b.connection;
}
