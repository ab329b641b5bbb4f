declare const brand: unique symbol;

/** A text that is the id of one kind of thing only: the compiler keeps ids of different kinds apart. */
type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type TenantId = Id<'tenant'>;
/** A person; the owner of a site is one. */
export type UserId = Id<'user'>;
export type SiteId = Id<'site'>;
export type ReleaseId = Id<'release'>;
export type WriteKeyId = Id<'write key'>;
/** The name of a template's folder, such as `product-landing`. */
export type TemplateId = Id<'template'>;
/** A site's name in its address, `[a-z0-9-]{3,63}`, unique over the installation. */
export type Slug = Id<'slug'>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a text is a UUID in the spelling that Postgres gives back (lower case, with hyphens). */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

// The only places where a plain text becomes an id: the edges and the stores, which know what they read.
export const asTenantId = (text: string): TenantId => text as TenantId;
export const asUserId = (text: string): UserId => text as UserId;
export const asSiteId = (text: string): SiteId => text as SiteId;
export const asReleaseId = (text: string): ReleaseId => text as ReleaseId;
export const asWriteKeyId = (text: string): WriteKeyId => text as WriteKeyId;
export const asTemplateId = (text: string): TemplateId => text as TemplateId;
export const asSlug = (text: string): Slug => text as Slug;
