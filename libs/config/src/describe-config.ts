import { z } from 'zod';
import { type Field, fieldsOf } from './fields.js';

/** One line of a service's table of settings. */
export interface ConfigRow {
  key: string;
  /** For people: `integer from 1 to 65535`, `one of debug, info`, with the unit if there is one. */
  type: string;
  /** As it would be written in the environment; absent when there is none. */
  default?: string;
  description: string;
  /** Its value must not be shown; best given as `<KEY>_FILE`. */
  secret: boolean;
  /** The service does not start without it. */
  required: boolean;
}

/** What a schema asks for, in its order; no environment is read. */
export function describeConfig(schema: z.ZodObject): ConfigRow[] {
  return fieldsOf(schema).map((field) => {
    const { key, description, secret, required, defaultValue } = field;
    const row: ConfigRow = { key, type: typeText(field), description, secret, required };
    if (defaultValue !== undefined) row.default = defaultText(defaultValue);
    return row;
  });
}

/** The rows as a Markdown table, for `docs/` and `npm run config:docs`. */
export function renderConfigTable(rows: readonly ConfigRow[]): string {
  const lines = rows.map((row) => {
    const notes = row.secret ? [`Secret: better given as \`${row.key}_FILE\`.`] : [];
    const cells = [`\`${row.key}\``, row.type, defaultCell(row), [row.description, ...notes].join(' ')];
    return `| ${cells.map(escapeCell).join(' | ')} |`;
  });
  return ['| setting | type | default | meaning |', '|---|---|---|---|', ...lines, ''].join('\n');
}

function defaultCell(row: ConfigRow): string {
  if (row.required) return '**required**';
  return row.default === undefined || row.default === '' ? '–' : `\`${row.default}\``;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ');
}

function defaultText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(defaultText).join(',');
  if (typeof value === 'bigint') return value.toString();
  return JSON.stringify(value);
}

function typeText({ leaf, unit }: Field): string {
  // What the service works with is told, unless only the text's own shape is known (a transform's result is not).
  const output = jsonSchemaOf(leaf, 'output');
  const text = shapeText(output.type === undefined ? jsonSchemaOf(leaf, 'input') : output);
  return unit === undefined ? text : `${text} (${unit})`;
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'bigint') jsonSchema.type = 'integer';
      if (zodSchema._zod.def.type === 'date') jsonSchema.format = 'date-time';
    },
  });
}

function shapeText(schema: z.core.JSONSchema.BaseSchema): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  if (schema.const !== undefined) return `only ${String(schema.const)}`;
  if (schema.type === 'integer' || schema.type === 'number')
    return schema.type + rangeText(schema.minimum, schema.maximum);
  if (schema.type === 'boolean') return 'true or false';
  if (schema.type === 'array') return 'list, separated by commas';
  if (schema.format === 'uri') return 'URL';
  if (schema.format !== undefined) return schema.format;
  return `text${lengthText(schema.minLength, schema.maxLength)}`;
}

function rangeText(minimum: number | undefined, maximum: number | undefined): string {
  // zod states the bounds of a safe integer where the schema states none; they tell nobody anything.
  const from = minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`;
  const to = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${maximum}`;
  return from + to;
}

function lengthText(minimum: number | undefined, maximum: number | undefined): string {
  const range = rangeText(minimum, maximum);
  return range === '' ? '' : `,${range} characters`;
}
