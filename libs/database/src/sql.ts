/** What stores take: a pool, a database transaction, or a Prisma transaction client through `prismaSql`. */
export interface Sql {
  query<R>(text: string, values?: readonly unknown[]): Promise<{ rows: R[]; rowCount: number }>;
}

/** SQL inside one database transaction. Nothing written through it is visible before the commit. */
export interface DatabaseTransaction extends Sql {
  /** Runs `hook` after a successful commit, and never otherwise. */
  afterCommit(hook: () => void): void;
}
