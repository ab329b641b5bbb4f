import { DomainError } from '@dailydoco/errors';
import type { CustomerId, TenantId, UserId } from '../ids.js';

/** A customer of the billing system. */
export interface Customer {
  readonly tenantId: TenantId;
  readonly customerId: CustomerId;
  /** Undefined: purchases named the customer, and nobody has said yet who it is. */
  readonly mapping: CustomerMapping | undefined;
}

/** Who a customer is, who said so, and when. Never changes. */
export interface CustomerMapping {
  readonly userId: UserId;
  readonly mappedBy: string;
  readonly mappedAt: Date;
}

/** Customers in an open database transaction. */
export interface CustomerBook {
  /** The customer, alone: purchases that name it wait. One that was never heard of is remembered. */
  lock(tenantId: TenantId, customerId: CustomerId): Promise<Customer>;
  /** Says who it is; purchases that wait for it are due to be attributed. */
  saveMapping(customer: Customer, mapping: CustomerMapping): Promise<void>;
}

/**
 * Says which user a customer is. Said again it changes nothing (`created` false). Throws CUSTOMER_CONFLICT when the
 * customer is another user already: what was paid by it cannot be moved to somebody else.
 */
export async function mapCustomer(
  book: CustomerBook,
  wanted: CustomerMapping & { readonly tenantId: TenantId; readonly customerId: CustomerId },
): Promise<{ created: boolean; customer: Customer }> {
  const { tenantId, customerId, userId, mappedBy, mappedAt } = wanted;
  const customer = await book.lock(tenantId, customerId);
  if (customer.mapping !== undefined) {
    if (customer.mapping.userId !== userId) throw new DomainError('CUSTOMER_CONFLICT');
    return { created: false, customer };
  }
  const mapping = { userId, mappedBy, mappedAt };
  await book.saveMapping(customer, mapping);
  return { created: true, customer: { tenantId, customerId, mapping } };
}
