import { DomainError } from '@dailydoco/errors';
import { Breaker, type BreakerLogger, type Verdict } from '@dailydoco/resilience';
import { counter, observe } from '@dailydoco/telemetry';
import pg from 'pg';
import { momentOf } from './moment.js';
import { isTransientDatabaseError } from './database-errors.js';
import { statementOf } from './prepared.js';
import { Wire } from './wire.js';

export interface PoolOptions {
  readonly connectionString: string;
  /** Most connections at once. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** The server cancels a statement that runs longer; a server that does not answer at all is given up a second later. */
  readonly statementTimeoutMs: number;
  /** Longest wait for a connection, whether for a free one or for a new one. Default 3,000. */
  readonly acquireTimeoutMs?: number;
  /** Most requests that wait for a connection; one more is refused with OVERLOADED. Default 50 for each connection. */
  readonly maxWaiting?: number;
  /** Told when the database was not to be reached for some time, and when it is again. */
  readonly logger?: BreakerLogger | undefined;
}

const INT8_OID = 20;
const TIMESTAMPTZ_OID = 1184;
const ACQUIRE_TIMEOUT_MS = 3_000;
const WAITING_PER_CONNECTION = 50;
/** What the server's own cancel may take to arrive: looked for so often, so many times. */
const LOOK_EVERY_MS = 250;
const LOOKS_AFTER_CANCEL = 2;
/** After so many uses a connection plans its prepared statements anew. */
const PLANS_LAST_USES = 100;
const BREAKER = { failuresInRow: 5, firstPauseMs: 250, longestPauseMs: 2_000 };
/** What pg-pool says when all connections were busy for too long: that is our load, and no fault of the server's. */
const ALL_BUSY = 'timeout exceeded when trying to connect';

const refused = counter('dailydoco_bulkhead_refused_total');

// Per pool, never globally: another library's numbers stay as they are.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8_OID) return BigInt;
    if (oid === TIMESTAMPTZ_OID && format !== 'binary') return momentOf;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/**
 * A pool whose int8 is bigint, whose numeric stays a string and whose timestamptz is a Date. A lost idle connection is
 * replaced. Nothing hangs: a request without a connection is told OVERLOADED or UNAVAILABLE within `acquireTimeoutMs`, at
 * once while the database is known to be away, and a statement ends within `statementTimeoutMs` and a second.
 */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new GuardedPool(options);
  // An idle connection that the server closes is not an error of anyone's: the pool opens another when one is needed.
  pool.on('error', () => undefined);
  const query: (...given: unknown[]) => unknown = pool.query.bind(pool);
  pool.query = ((text: unknown, ...rest: unknown[]) =>
    query(typeof text === 'string' ? statementOf(text) : text, ...rest)) as typeof pool.query;
  planAnew(pool);
  const label = { pool: options.applicationName };
  const ending = [
    giveUpUnanswered(pool, options.statementTimeoutMs),
    observe('dailydoco_database_pool_connections', () => [
      { value: pool.idleCount, labels: { ...label, state: 'idle' } },
      { value: pool.totalCount - pool.idleCount, labels: { ...label, state: 'busy' } },
    ]),
    observe('dailydoco_database_pool_waiting_requests', () => [{ value: pool.waitingCount, labels: label }]),
  ];
  const end = pool.end.bind(pool);
  pool.end = (): Promise<void> => {
    for (const unregister of ending) unregister();
    return end();
  };
  return pool;
}

/**
 * Ends each connection whose server has not answered a statement in time. One timer for the pool: with the driver's own,
 * one for each statement, everything made for a statement outlives the young collections, which then take far longer.
 * Looks are counted rather than time, so that a process that was stopped does not blame the server.
 *
 * @returns what ends the looking.
 */
function giveUpUnanswered(pool: pg.Pool, statementTimeoutMs: number): () => void {
  const looksMax = Math.ceil(statementTimeoutMs / LOOK_EVERY_MS) + LOOKS_AFTER_CANCEL;
  const looks = new Map<pg.PoolClient, { wire: Wire; inVain: number }>();
  pool.on('connect', (client) => {
    const look = { wire: new Wire(client), inVain: 0 };
    look.wire.onAnswered(() => void (look.inVain = 0));
    looks.set(client, look);
  });
  pool.on('remove', (client) => looks.delete(client));
  const timer = setInterval(() => {
    for (const look of looks.values()) {
      if (!look.wire.isIdle && look.inVain >= looksMax) look.wire.destroy(new Error('Query read timeout'));
      look.inVain = look.wire.isIdle ? 0 : look.inVain + 1;
    }
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Makes each connection forget its plans now and then. For a prepared statement the server settles on one plan for all
 * values and keeps it until a table is analyzed: one made while the table was small reads all of it, and the table grows
 * by what the same connections write. Uses are counted rather than time, so that what is sent does not depend on a clock.
 */
function planAnew(pool: pg.Pool): void {
  const uses = new WeakMap<pg.PoolClient, number>();
  pool.on('acquire', (client) => {
    const count = (uses.get(client) ?? 0) + 1;
    uses.set(client, count % PLANS_LAST_USES);
    // It fails with its connection only, and then so does what is sent behind it.
    if (count === PLANS_LAST_USES) client.query('DISCARD PLANS', () => undefined);
  });
}

type Release = (release?: Error | boolean) => void;
type Connected = (error: Error | undefined, client: pg.PoolClient | undefined, done: Release) => void;

/** Every way to a connection leads through `connect`: `query` and Prisma's adapter take it, too. */
class GuardedPool extends pg.Pool {
  readonly #breaker: Breaker;
  readonly #maxWaiting: number;

  constructor(options: PoolOptions) {
    super({
      connectionString: options.connectionString,
      max: options.max,
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs,
      connectionTimeoutMillis: options.acquireTimeoutMs ?? ACQUIRE_TIMEOUT_MS,
      types,
      // Statements that one client is handed together are sent together, and answered in their order.
      pipeline: true,
    });
    this.#maxWaiting = options.maxWaiting ?? options.max * WAITING_PER_CONNECTION;
    this.#breaker = new Breaker({ client: 'postgres', ...BREAKER, judge: verdictOnConnecting, logger: options.logger });
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: Connected): void;
  override connect(callback?: Connected): Promise<pg.PoolClient> | void {
    if (callback === undefined) return this.#acquire();
    void this.#acquireFor(callback);
  }

  async #acquireFor(callback: Connected): Promise<void> {
    let client: pg.PoolClient;
    try {
      client = await this.#acquire();
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), undefined, () => undefined);
      return;
    }
    callback(undefined, client, (release) => client.release(release));
  }

  async #acquire(): Promise<pg.PoolClient> {
    if (this.waitingCount >= this.#maxWaiting) {
      refused.add(1, { client: 'postgres' });
      throw new DomainError('OVERLOADED', { detail: 'Too much waits for the database.' });
    }
    try {
      return await this.#breaker.run(() => this.#take());
    } catch (error) {
      if (!isAllBusy(error)) throw error;
      throw new DomainError('OVERLOADED', { detail: 'All connections to the database are busy.', cause: error });
    }
  }

  /** An idle connection is handed out at the next tick: nothing to wait for, and no timer for it. */
  #take(): Promise<pg.PoolClient> {
    const { connectionTimeoutMillis } = this.options;
    if (this.idleCount > this.waitingCount) this.options.connectionTimeoutMillis = 0;
    const taken = super.connect();
    this.options.connectionTimeoutMillis = connectionTimeoutMillis;
    return taken;
  }
}

function verdictOnConnecting(error: unknown): Verdict {
  if (isAllBusy(error)) return 'unknown';
  return isTransientDatabaseError(error) ? 'failed' : 'answered';
}

function isAllBusy(error: unknown): boolean {
  return error instanceof Error && error.message === ALL_BUSY;
}
