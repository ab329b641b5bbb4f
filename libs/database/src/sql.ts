/** What stores take: a pool, a database transaction, or a Prisma transaction client through `prismaSql`. */
export interface Sql {
  query<R>(text: string, values?: readonly unknown[]): Promise<{ rows: R[]; rowCount: number }>;
}

/**
 * SQL inside one database transaction. Nothing written through it is visible before the commit. Statements that do not
 * need each other's answers may be asked for at once (`Promise.all`): they go to the server together, which executes
 * them one after the other in the order in which they were asked for; when one fails, so do those behind it.
 */
export interface DatabaseTransaction extends Sql {
  /**
   * For what changes nothing that stays, such as reads and row locks: it is sent right behind BEGIN, before anybody knows
   * whether that succeeded. Everything else is sent when it has.
   */
  readonly opening: Sql;
  /**
   * Statements whose answers nobody needs: each is sent at once, and the COMMIT behind it without waiting. When one fails
   * nothing is committed, and its error is that of the database transaction. Every answer is empty, also a query's.
   */
  readonly unanswered: Sql;
  /** Runs `hook` after a successful commit, and never otherwise. */
  afterCommit(hook: () => void): void;
}
