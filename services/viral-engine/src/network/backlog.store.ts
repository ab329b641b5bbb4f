import type { Sql } from '@dailydoco/database';

/** Counted no further than this: it is many, and counting must not become the work. */
const MOST = 100_000;

/** How many members wait for each task of the network, in all tenants. */
export interface NetworkBacklog {
  /** To be counted for those above. */
  readonly count: number;
  /** For their uplines, which a move wrote aside, to be put into their rows. */
  readonly move: number;
}

export async function measureBacklog(sql: Sql): Promise<NetworkBacklog> {
  const { rows } = await sql.query<{ count: number; move: number }>(
    `SELECT (SELECT count(*)::integer FROM (SELECT FROM member WHERE NOT network_counted LIMIT $1) AS part) AS count,
            (SELECT count(*)::integer FROM (SELECT FROM moved_upline LIMIT $1) AS part) AS move`,
    [MOST],
  );
  const [row] = rows;
  if (row === undefined) throw new Error('A SELECT without FROM gives a row');
  return row;
}
