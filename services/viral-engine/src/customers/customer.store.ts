import type { Sql } from '@dailydoco/database';
import { LRUCache } from 'lru-cache';
import { asCustomerId, asUserId, type CustomerId, type TenantId, type UserId } from '../ids.js';
import type { CustomerReads, FoundCustomer } from './customers.js';
import type { Customer, CustomerBook, CustomerMapping } from './map-customer.js';

interface CustomerRow {
  customer_id: string;
  user_id: string | null;
  mapped_by: string | null;
  mapped_at: Date | null;
}

const CUSTOMER_COLUMNS = 'c.customer_id, c.user_id, c.mapped_by, c.mapped_at';

/** Mapped customers that one process keeps in memory. */
const MAX_CACHED = 100_000;

/** Makes the row of a customer that was never heard of: what purchases and mappings lock. */
export async function rememberCustomer(sql: Sql, tenantId: TenantId, customerId: CustomerId): Promise<void> {
  await sql.query('INSERT INTO customer (tenant_id, customer_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
    tenantId,
    customerId,
  ]);
}

/** Customers, as one open database transaction sees them. */
export class CustomerStore implements CustomerBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async lock(tenantId: TenantId, customerId: CustomerId): Promise<Customer> {
    await rememberCustomer(this.#sql, tenantId, customerId);
    const { rows } = await this.#sql.query<CustomerRow>(
      `SELECT ${CUSTOMER_COLUMNS} FROM customer c WHERE c.tenant_id = $1 AND c.customer_id = $2 FOR NO KEY UPDATE`,
      [tenantId, customerId],
    );
    const [row] = rows;
    if (row === undefined) throw new Error('A customer that is remembered has a row');
    return toCustomer(tenantId, row);
  }

  async saveMapping({ tenantId, customerId }: Customer, mapping: CustomerMapping): Promise<void> {
    await this.#sql.query(
      `UPDATE customer c SET user_id = $3, mapped_by = $4, mapped_at = $5::timestamptz,
         attribute_after = CASE WHEN EXISTS (
           SELECT 1 FROM waiting_purchase w WHERE w.tenant_id = c.tenant_id AND w.customer_id = c.customer_id) THEN $5::timestamptz END
       WHERE c.tenant_id = $1 AND c.customer_id = $2`,
      [tenantId, customerId, mapping.userId, mapping.mappedBy, mapping.mappedAt],
    );
  }
}

const SELECT_WITH_COUNT = `
  SELECT ${CUSTOMER_COLUMNS}, (SELECT count(*)::integer FROM waiting_purchase w
    WHERE w.tenant_id = c.tenant_id AND w.customer_id = c.customer_id) AS waiting
  FROM customer c`;

type CountedRow = CustomerRow & { waiting: number };

/** Customers as they stand, outside any database transaction. */
export class CustomerReadStore implements CustomerReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async isMember(tenantId: TenantId, userId: UserId): Promise<boolean> {
    const { rowCount } = await this.#sql.query('SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2', [
      tenantId,
      userId,
    ]);
    return rowCount === 1;
  }

  async find(tenantId: TenantId, customerId: CustomerId): Promise<FoundCustomer | undefined> {
    const { rows } = await this.#sql.query<CountedRow>(
      `${SELECT_WITH_COUNT} WHERE c.tenant_id = $1 AND c.customer_id = $2`,
      [tenantId, customerId],
    );
    return rows[0] && toFound(tenantId, rows[0]);
  }

  async listUnmapped(query: {
    tenantId: TenantId;
    after: CustomerId | undefined;
    limit: number;
  }): Promise<FoundCustomer[]> {
    const { rows } = await this.#sql.query<CountedRow>(
      `${SELECT_WITH_COUNT}
       WHERE c.tenant_id = $1 AND c.user_id IS NULL AND c.customer_id > $2 ORDER BY c.customer_id LIMIT $3`,
      [query.tenantId, query.after ?? '', query.limit],
    );
    return rows.map((row) => toFound(query.tenantId, row));
  }
}

/** The users that customers are, with those found before kept in memory: who a customer is never changes. */
export class CustomerUsers {
  readonly #sql: Sql;
  readonly #known = new LRUCache<string, UserId>({ max: MAX_CACHED });

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Undefined: nobody has said it. */
  async findUser(tenantId: TenantId, customerId: CustomerId): Promise<UserId | undefined> {
    const key = `${tenantId}/${customerId}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const { rows } = await this.#sql.query<{ user_id: string | null }>(
      'SELECT user_id FROM customer WHERE tenant_id = $1 AND customer_id = $2',
      [tenantId, customerId],
    );
    const userId = rows[0]?.user_id;
    if (userId === null || userId === undefined) return undefined;
    this.#known.set(key, asUserId(userId));
    return asUserId(userId);
  }
}

function toFound(tenantId: TenantId, row: CountedRow): FoundCustomer {
  return { customer: toCustomer(tenantId, row), waitingPurchases: row.waiting };
}

function toCustomer(tenantId: TenantId, row: CustomerRow): Customer {
  const { user_id: userId, mapped_by: mappedBy, mapped_at: mappedAt } = row;
  const mapping =
    userId === null || mappedBy === null || mappedAt === null
      ? undefined
      : { userId: asUserId(userId), mappedBy, mappedAt };
  return { tenantId, customerId: asCustomerId(row.customer_id), mapping };
}
