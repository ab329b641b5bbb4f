import { createHash } from 'node:crypto';
import type { QueryConfig } from 'pg';

const names = new Map<string, string>();

/**
 * A statement that each connection parses and plans once rather than at every call: for frequent reads by a key, joins of
 * an array to a table by its key, and inserts of rows, of which planning is much of the work. Not for statements whose
 * best plan depends on what they ask for: the server settles on one plan for all values. That plan is made anew at every
 * hundredth use of a connection, so it is never much older than the rows (`createPool`). Columns are named one by one,
 * since a prepared statement may not change its result. A pooler between service and server must keep prepared statements
 * (PgBouncer: `max_prepared_statements`). Called once for each text, at the top of a module; what it returns goes into
 * `query` as any other text.
 */
export function prepared(text: string): string {
  names.set(text, `s${createHash('sha256').update(text).digest('hex').slice(0, 32)}`);
  return text;
}

/** What the driver is to be given for a text: the text, with its name if it is one that is prepared. */
export function statementOf(text: string): string | QueryConfig {
  const name = names.get(text);
  return name === undefined ? text : { name, text };
}
