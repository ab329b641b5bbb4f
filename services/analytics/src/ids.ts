declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
export type UserId = Id<'user'>;
/** Chosen by the sender; means one event for 30 days within its tenant. */
export type EventId = Id<'event'>;

// The only places where a plain text becomes an id: the edges and the stores, which know what they read.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asUserId = (text: string): UserId => text as UserId;
export const asEventId = (text: string): EventId => text as EventId;
