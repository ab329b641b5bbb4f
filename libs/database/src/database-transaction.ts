import { setTimeout as wait } from 'node:timers/promises';
import { counter } from '@dailydoco/telemetry';
import type { Pool, PoolClient } from 'pg';
import { parameterOf } from './array-literal.js';
import { isConnectionLost, isStalePlan, LostCommitError, retryReason } from './database-errors.js';
import { statementOf } from './prepared.js';
import type { DatabaseTransaction } from './sql.js';
import { Wire } from './wire.js';

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
  const wire = new Wire(client);
  wire.gather();
  const begin = new Begin(client, options.isolation);
  const writes = new Writes(client);
  let broken: unknown;
  try {
    const result = await work(transactionOf(client, { wire, begin, hooks, writes }));
    await begin.done;
    await commit(client, writes);
    for (const hook of hooks) hook();
    return result;
  } catch (thrown) {
    // After a write that failed, every statement fails because of it.
    const error = thrown instanceof LostCommitError ? thrown : (writes.errors[0] ?? thrown);
    broken = await rollBack(client, error);
    throw error;
  } finally {
    client.off('error', ignore);
    client.release(broken !== undefined);
  }
}

/** BEGIN on its way. Behind one that failed each statement would be committed by itself, so all others wait for it. */
class Begin {
  readonly done: Promise<void>;
  #isDone = false;

  constructor(client: PoolClient, isolation: DatabaseTransactionOptions['isolation']) {
    const text = isolation === undefined ? 'BEGIN' : `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}`;
    this.done = client.query(text).then(() => void (this.#isDone = true));
    // Whoever waits hears of its failure; there may be nobody.
    this.done.catch(() => undefined);
  }

  /** What is asked for after it is sent at once, and before: in the order in which it was asked for. */
  before<T>(send: () => Promise<T>): Promise<T> {
    return this.#isDone ? send() : this.done.then(send);
  }
}

/** Statements that were sent and whose answers are looked at when the database transaction ends. */
class Writes {
  readonly errors: unknown[] = [];
  readonly answered: Promise<void>[] = [];
  readonly #client: PoolClient;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  send(text: string, values: readonly unknown[] = []): Promise<{ rows: never[]; rowCount: number }> {
    const statement = statementOf(text);
    const named = typeof statement === 'string' ? { text } : statement;
    const { promise, resolve } = Promise.withResolvers<void>();
    // What could not be sent is known before this returns, told or thrown, so that no COMMIT follows it.
    try {
      this.#client.query({ ...named, values: values.map(parameterOf) }, (error: unknown) => {
        if (error) this.errors.push(error);
        resolve();
      });
      this.answered.push(promise);
    } catch (error) {
      this.errors.push(error);
    }
    return NOTHING;
  }
}

const NOTHING: Promise<{ rows: never[]; rowCount: number }> = Promise.resolve({ rows: [], rowCount: 0 });

interface Parts {
  readonly wire: Wire;
  readonly begin: Begin;
  readonly hooks: (() => void)[];
  readonly writes: Writes;
}

function transactionOf(client: PoolClient, { wire, begin, hooks, writes }: Parts): DatabaseTransaction {
  const send = async <R>(text: string, values?: readonly unknown[]) => {
    wire.gather();
    const { rows, rowCount } = await client.query(statementOf(text), values?.map(parameterOf));
    return { rows: rows as R[], rowCount: rowCount ?? 0 };
  };
  return {
    query: <R>(text: string, values?: readonly unknown[]) => begin.before(() => send<R>(text, values)),
    opening: { query: send },
    unanswered: { query: (text, values) => begin.before(() => writes.send(text, values)) },
    afterCommit: (hook) => {
      hooks.push(hook);
    },
  };
}

async function commit(client: PoolClient, writes: Writes): Promise<void> {
  if (writes.errors.length > 0) throw writes.errors[0];
  const [committed] = await Promise.allSettled([client.query('COMMIT'), ...writes.answered]);
  const error = writes.errors[0] ?? (committed.status === 'rejected' ? committed.reason : undefined);
  if (error !== undefined) throw isConnectionLost(error) ? new LostCommitError(error) : error;
  // The server answers so after a statement that failed: whoever kept its error to himself must not believe in it.
  if (committed.status === 'fulfilled' && committed.value.command !== 'COMMIT')
    throw new Error('A database transaction with a failed statement cannot be committed');
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
