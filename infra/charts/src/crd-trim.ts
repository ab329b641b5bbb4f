/** As much of a CustomResourceDefinition as trimming looks at. */
export interface Definition {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: { readonly properties: Readonly<Record<string, unknown>> } };
    }[];
  };
}

// A schema's words for people, by key. A property may have one of these names: then its value is a schema, not a text.
const WORDS = new Set(['description', 'example', 'title']);

/** The same schema without descriptions. */
export function withoutWords(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutWords);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => !(WORDS.has(key) && typeof inner === 'string'));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutWords(inner)]));
}

/** What validation of the stored version needs: no other versions, no status, no words. */
export function trimDefinition(definition: Definition): Definition {
  const versions = definition.spec.versions
    .filter(({ served, storage }) => served && storage)
    .map(({ name, served, storage, schema }) => {
      const { status: _, ...properties } = schema.openAPIV3Schema.properties;
      const openAPIV3Schema = withoutWords({ ...schema.openAPIV3Schema, properties }) as typeof schema.openAPIV3Schema;
      return { name, served, storage, schema: { openAPIV3Schema } };
    });
  const { group, scope, names } = definition.spec;
  return {
    apiVersion: definition.apiVersion,
    kind: definition.kind,
    metadata: { name: definition.metadata.name },
    spec: { group, names: { kind: names.kind, plural: names.plural }, scope, versions },
  };
}
