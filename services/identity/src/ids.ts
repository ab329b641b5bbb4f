declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
export type UserId = Id<'user'>;
export type SessionId = Id<'session'>;
export type ApiKeyId = Id<'apiKey'>;

// The only places where a plain text becomes an id: the edges and the stores, which know what they read.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asUserId = (text: string): UserId => text as UserId;
export const asSessionId = (text: string): SessionId => text as SessionId;
export const asApiKeyId = (text: string): ApiKeyId => text as ApiKeyId;
