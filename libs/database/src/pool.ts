import { observe } from '@dailydoco/telemetry';
import pg from 'pg';

export interface PoolOptions {
  readonly connectionString: string;
  /** Most connections at once. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** The server cancels a statement that runs longer. */
  readonly statementTimeoutMs: number;
}

const INT8_OID = 20;
const CONNECT_TIMEOUT_MS = 5_000;

// Per pool, never globally: another library's numbers stay as they are.
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8_OID ? BigInt : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** A pool whose int8 is bigint, whose numeric stays a string and whose timestamptz is a Date. A lost idle connection is replaced. */
export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.max,
    application_name: options.applicationName,
    statement_timeout: options.statementTimeoutMs,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    types,
  });
  // An idle connection that the server closes is not an error of anyone's: the pool opens another when one is needed.
  pool.on('error', () => undefined);
  const label = { pool: options.applicationName };
  const ending = [
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
