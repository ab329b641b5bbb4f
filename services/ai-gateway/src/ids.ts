declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
/** A person or an API key: whoever asked for a completion. */
export type CallerId = Id<'caller'>;
export type CompletionId = Id<'completion'>;

// The only places where a plain text becomes an id: the edges, and whoever makes new ones.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asCallerId = (text: string): CallerId => text as CallerId;
export const asCompletionId = (text: string): CompletionId => text as CompletionId;
