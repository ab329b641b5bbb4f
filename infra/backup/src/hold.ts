import { type Sql, writeRestoreHold } from '@dailydoco/database';
import { StartError } from '@dailydoco/local';
import pg from 'pg';

/** A connection as the libraries' stores take it. */
export function sqlOf(client: pg.ClientBase): Sql {
  return {
    async query<R>(text: string, values: readonly unknown[] = []) {
      const { rows, rowCount } = await client.query(text, [...values]);
      return { rows: rows as R[], rowCount: rowCount ?? 0 };
    },
  };
}

/** A connection. Throws StartError that names the server and the database, and never the password. */
export async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'dailydoco-operations' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (cause) {
    const { host, port, database, user } = client;
    throw new StartError(`The database ${database ?? ''} at ${host}:${port} cannot be reached.`, {
      why: cause instanceof Error ? cause.message : String(cause),
      todo: `see that it runs, that it can be reached from here, and that ${user ?? 'the role'} may log in`,
      cause,
    });
  }
}

/** Connects, works, and lets go. */
export async function withSql<T>(url: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = await connected(url);
  try {
    return await work(sqlOf(client));
  } finally {
    await client.end();
  }
}

/** Who restored what, and why: what a hold remembers. */
export interface Restorer {
  readonly restoredTo: Date;
  readonly restoredBy: string;
  readonly reason: string;
}

const UNDEFINED_TABLE = '42P01';

/** Marks a restored database, so that its service starts read-only. The URL's role must own the database's tables. */
export async function holdDatabase(url: string, restorer: Restorer): Promise<string> {
  try {
    return await withSql(url, (sql) => writeRestoreHold(sql, restorer));
  } catch (error) {
    if (!(error instanceof pg.DatabaseError) || error.code !== UNDEFINED_TABLE) throw error;
    throw new StartError(`The database ${new URL(url).pathname.slice(1)} cannot be held.`, {
      why: 'it lacks the table of holds: it was brought back to a moment before the release that made it',
      todo: 'run the service’s migration job, then `npm run restore -- hold`, and only then start the service',
      cause: error,
    });
  }
}
