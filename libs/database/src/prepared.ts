import { createHash } from 'node:crypto';
import type { QueryConfig } from 'pg';

const names = new Map<string, string>();

/**
 * A statement that each connection parses and plans once rather than at every call: for short, frequent reads by a key,
 * of which planning is most of the work. Not for statements whose best plan depends on what they ask for, since the server
 * may settle on one plan for all; and its columns are named one by one, since a prepared statement may not change its
 * result. Called once for each text, at the top of a module; what it returns goes into `query` as any other text.
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
