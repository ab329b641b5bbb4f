import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import type { Sql } from './sql.js';

/** For `new PrismaClient({ adapter: prismaAdapter(pool) })`: the client shares the pool. */
export function prismaAdapter(pool: Pool): PrismaPg {
  return new PrismaPg(pool);
}

/** The part of a Prisma client, or of its interactive database transaction, that runs SQL as it stands. */
export interface PrismaRawQuery {
  $queryRawUnsafe<T>(query: string, ...values: unknown[]): Promise<T>;
}

/** A Prisma client as `Sql`, so that an outbox row can join its database transaction. int8 is bigint, bytea is Uint8Array. */
export function prismaSql(client: PrismaRawQuery): Sql {
  return {
    async query<R>(text: string, values: readonly unknown[] = []) {
      const rows = await client.$queryRawUnsafe<R[]>(text, ...values);
      return { rows, rowCount: rows.length };
    },
  };
}
