import { setTimeout as wait } from 'node:timers/promises';
import { counter } from '@dailydoco/telemetry';
import type { Pool, PoolClient } from 'pg';
import { parameterOf } from './array-literal.js';
import { isConnectionLost, isStalePlan, LostCommitError, retryReason } from './database-errors.js';
import { statementOf } from './prepared.js';
import type { DatabaseTransaction } from './sql.js';

export interface DatabaseTransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Tries in all, the first included. Default 5. */
  readonly maxAttempts?: number;
  /** Aborted: no further try is begun. */
  readonly signal?: AbortSignal;
}

const DEFAULT_ATTEMPTS = 5;
const FIRST_PAUSE_MS = 5;
const retries = counter('dailydoco_database_transaction_retries_total');

/**
 * Runs `work` in one database transaction and commits it. Only a serialization failure (40001), a deadlock (40P01) or a
 * prepared statement from before a migration is tried again, at most `maxAttempts` times with a growing, jittered pause:
 * `work` must not have effects outside the database.
 * Throws LostCommitError when the connection was lost during COMMIT, and otherwise whatever `work` or the database threw.
 */
export async function inDatabaseTransaction<T>(
  pool: Pool,
  work: (tx: DatabaseTransaction) => Promise<T>,
  options: DatabaseTransactionOptions = {},
): Promise<T> {
  const maxAttempts = options.maxAttempts ?? DEFAULT_ATTEMPTS;
  for (let attempt = 1; ; attempt += 1) {
    options.signal?.throwIfAborted();
    try {
      return await once(pool, work, options);
    } catch (error) {
      const reason = retryReason(error);
      if (reason === undefined || attempt >= maxAttempts) throw error;
      retries.add(1, { reason });
      await wait(
        FIRST_PAUSE_MS * 2 ** attempt * (0.5 + Math.random()),
        undefined,
        options.signal && { signal: options.signal },
      );
    }
  }
}

async function once<T>(
  pool: Pool,
  work: (tx: DatabaseTransaction) => Promise<T>,
  options: DatabaseTransactionOptions,
): Promise<T> {
  const client = await pool.connect();
  // Without a listener a connection lost between two statements would end the process.
  const ignore = (): void => undefined;
  client.on('error', ignore);
  const hooks: (() => void)[] = [];
  let broken: unknown;
  try {
    await client.query(
      options.isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${options.isolation.toUpperCase()}`,
    );
    const result = await work(transactionOf(client, hooks));
    await commit(client);
    for (const hook of hooks) hook();
    return result;
  } catch (error) {
    broken = await rollBack(client, error);
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken !== undefined);
  }
}

function transactionOf(client: PoolClient, hooks: (() => void)[]): DatabaseTransaction {
  return {
    async query<R>(text: string, values?: readonly unknown[]) {
      const { rows, rowCount } = await client.query(statementOf(text), values?.map(parameterOf));
      return { rows: rows as R[], rowCount: rowCount ?? 0 };
    },
    afterCommit: (hook) => {
      hooks.push(hook);
    },
  };
}

async function commit(client: PoolClient): Promise<void> {
  try {
    await client.query('COMMIT');
  } catch (error) {
    throw isConnectionLost(error) ? new LostCommitError(error) : error;
  }
}

/** Resolves to why the client must be thrown away, or to undefined when it is clean again. */
async function rollBack(client: PoolClient, error: unknown): Promise<unknown> {
  if (error instanceof LostCommitError || isConnectionLost(error) || isStalePlan(error)) return error;
  try {
    await client.query('ROLLBACK');
    return undefined;
  } catch (rollbackError) {
    return rollbackError;
  }
}
