import { parseArgs } from 'node:util';

const USUAL_PARTS = ['stream', 'storms', 'hot', 'http', 'redirect'] as const;
/** Those that take long, or need something of the caller, are measured when they are named. */
const PARTS = [...USUAL_PARTS, 'memory', 'peer'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  /** Files of the peer's SQL, in the order in which they are loaded. */
  readonly peerSql: readonly string[];
}

/**
 * What `npm run bench` is asked for: `--only stream,http` measures some parts only, `--peer-sql FILE`, once for each file,
 * gives the part `peer` its SQL. Throws an Error that says what is wrong.
 */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, 'peer-sql': { type: 'string', multiple: true } },
  });
  const { only, 'peer-sql': peerSql = [] } = values;
  const known = (name: string): name is Part => (PARTS as readonly string[]).includes(name);
  const names = only?.split(',') ?? USUAL_PARTS;
  const unknown = names.filter((name) => !known(name));
  if (unknown.length > 0) throw new Error(`--only knows ${PARTS.join(', ')}, not ${unknown.join(', ')}`);
  const parts = new Set(names.filter(known));
  if (parts.has('peer') && peerSql.length === 0)
    throw new Error('--only peer needs the SQL of pgledger, which is not kept here: --peer-sql path/to/pgledger.sql');
  if (!parts.has('peer') && peerSql.length > 0) throw new Error('--peer-sql is for --only peer');
  return { parts, peerSql };
}
