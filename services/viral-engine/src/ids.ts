declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
/** A person: buyer, referrer and beneficiary are roles of the same id. */
export type UserId = Id<'user'>;
export type PurchaseId = Id<'purchase'>;
export type CommissionId = Id<'commission'>;
export type RefundId = Id<'refund'>;
export type WebsiteId = Id<'website'>;
/** A person's link for one campaign. */
export type LinkId = Id<'link'>;
/** A slug chosen by the tenant (`standard`), unique within the tenant. */
export type PlanId = Id<'plan'>;
/** A customer as the tenant's billing system names it: any text, unique within the tenant. */
export type CustomerId = Id<'customer'>;
/** One move of a person in the referral tree. */
export type MoveId = Id<'move'>;
/** Where a billing system sends its events to. */
export type EndpointId = Id<'endpoint'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in the spelling that Postgres gives back (lower case, with hyphens). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

// The only places where a plain text becomes an id: the edges and the stores, which know what they read.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asUserId = (text: string): UserId => text as UserId;
export const asPurchaseId = (text: string): PurchaseId => text as PurchaseId;
export const asCommissionId = (text: string): CommissionId => text as CommissionId;
export const asRefundId = (text: string): RefundId => text as RefundId;
export const asWebsiteId = (text: string): WebsiteId => text as WebsiteId;
export const asLinkId = (text: string): LinkId => text as LinkId;
export const asPlanId = (text: string): PlanId => text as PlanId;
export const asCustomerId = (text: string): CustomerId => text as CustomerId;
export const asEndpointId = (text: string): EndpointId => text as EndpointId;
export const asMoveId = (text: string): MoveId => text as MoveId;
