import { z } from 'zod';

/** What is known about one setting without its value. */
export interface Field {
  readonly key: string;
  readonly schema: z.ZodType;
  /** The schema inside `.optional()`, `.default()` and the like. */
  readonly leaf: z.ZodType;
  readonly description: string;
  readonly unit: string | undefined;
  readonly secret: boolean;
  /** Nothing stands in for the setting when it is absent. */
  readonly required: boolean;
  readonly defaultValue: unknown;
}

/**
 * The settings of a schema, in its order. Throws a plain Error, naming the keys, when the schema itself is wrong: a
 * field that says nothing about itself, a `z.coerce.boolean()` (which reads "false" as true), a secret with a default,
 * or two fields X and X_FILE.
 */
export function fieldsOf(schema: z.ZodObject): Field[] {
  const fields = Object.entries(schema.shape).map(([key, field]) => readField(key, asZodType(field)));
  const keys = new Set(fields.map(({ key }) => key));
  refuse(fields, ({ description }) => description === '', 'need a description');
  refuse(
    fields,
    ({ leaf }) => isCoercedBoolean(leaf),
    'must use z.stringbool(), z.coerce.boolean() reads "false" as true',
  );
  refuse(
    fields,
    ({ secret, defaultValue }) => secret && defaultValue !== undefined,
    'are secret and must have no default',
  );
  refuse(fields, ({ key }) => keys.has(`${key}_FILE`), 'collide with a setting of the same name and _FILE');
  return fields;
}

function refuse(fields: Field[], isWrong: (field: Field) => boolean, why: string): void {
  const wrong = fields.filter(isWrong).map(({ key }) => key);
  if (wrong.length > 0) throw new Error(`settings that ${why}: ${wrong.join(', ')}`);
}

function readField(key: string, schema: z.ZodType): Field {
  const { leaf, meta, defaultValue } = unwrap(schema);
  return {
    key,
    schema,
    leaf,
    description: typeof meta['description'] === 'string' ? meta['description'].trim() : '',
    unit: typeof meta['unit'] === 'string' ? meta['unit'] : undefined,
    secret: meta['secret'] === true,
    required: schema._zod.optin === undefined,
    defaultValue,
  };
}

interface Unwrapped {
  leaf: z.ZodType;
  meta: Record<string, unknown>;
  defaultValue: unknown;
}

/** zod keeps what `.describe()` says at the layer it was said to, so every layer is asked; the outermost wins. */
function unwrap(schema: z.ZodType): Unwrapped {
  const own: Record<string, unknown> = { ...schema.meta() };
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  ) {
    const inner = unwrap(asZodType(schema.def.innerType));
    const holdsDefault = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
    const defaultValue: unknown = holdsDefault ? schema.def.defaultValue : inner.defaultValue;
    return { leaf: inner.leaf, meta: { ...inner.meta, ...own }, defaultValue };
  }
  return { leaf: schema, meta: own, defaultValue: undefined };
}

function asZodType(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodType) return schema;
  throw new Error('settings are described with the classic zod API');
}

function isCoercedBoolean(schema: z.ZodType): boolean {
  return schema instanceof z.ZodBoolean && schema.def.coerce === true;
}
