import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { CustomerId, TenantId, UserId } from '../ids.js';
import { type Customer, type CustomerBook, mapCustomer } from './map-customer.js';

/** A customer with how many of its purchases wait to be attributed. */
export interface FoundCustomer {
  readonly customer: Customer;
  readonly waitingPurchases: number;
}

export interface CustomerReads {
  isMember(tenantId: TenantId, userId: UserId): Promise<boolean>;
  find(tenantId: TenantId, customerId: CustomerId): Promise<FoundCustomer | undefined>;
  /** Those that have purchases and no user, by id; `after` is the last id of the page before. */
  listUnmapped(query: { tenantId: TenantId; after: CustomerId | undefined; limit: number }): Promise<FoundCustomer[]>;
}

export interface CustomersDependencies {
  readonly once: OncePerKey<CustomerBook>;
  readonly withBook: <T>(work: (book: CustomerBook) => Promise<T>) => Promise<T>;
  readonly reads: CustomerReads;
  /** Throws USER_UNKNOWN or UNAVAILABLE. */
  readonly members: { ensure(tenantId: TenantId, userId: UserId): Promise<void> };
  readonly clock: { now(): Date };
}

export interface MapOrder {
  readonly tenantId: TenantId;
  readonly customerId: CustomerId;
  readonly userId: UserId;
  readonly mappedBy: string;
}

/** Who the billing system's customers are. */
export class Customers {
  readonly #dependencies: CustomersDependencies;

  constructor(dependencies: CustomersDependencies) {
    this.#dependencies = dependencies;
  }

  /** Says which user a customer is. Throws USER_UNKNOWN, UNAVAILABLE, CUSTOMER_CONFLICT; nothing is written then. */
  async map<Body>(
    order: MapOrder,
    by: {
      call: IdempotentCall;
      answer: (mapped: { created: boolean; customer: Customer }) => { status: number; body: Body };
    },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#dependencies;
    await this.#ensureMember(order);
    return once(by.call, async (book) => by.answer(await mapCustomer(book, { ...order, mappedAt: clock.now() })));
  }

  /** The same for callers who need no answer to keep. */
  async mapPlainly(order: MapOrder): Promise<void> {
    const { withBook, clock } = this.#dependencies;
    await this.#ensureMember(order);
    await withBook((book) => mapCustomer(book, { ...order, mappedAt: clock.now() }));
  }

  /** Throws CUSTOMER_UNKNOWN for a customer that nobody ever named, also for another tenant's. */
  async find(tenantId: TenantId, customerId: CustomerId): Promise<FoundCustomer> {
    const found = await this.#dependencies.reads.find(tenantId, customerId);
    if (found === undefined) throw new DomainError('CUSTOMER_UNKNOWN');
    return found;
  }

  listUnmapped(query: { tenantId: TenantId; after: CustomerId | undefined; limit: number }): Promise<FoundCustomer[]> {
    return this.#dependencies.reads.listUnmapped(query);
  }

  async #ensureMember({ tenantId, userId }: MapOrder): Promise<void> {
    const { reads, members } = this.#dependencies;
    if (!(await reads.isMember(tenantId, userId))) await members.ensure(tenantId, userId);
  }
}
