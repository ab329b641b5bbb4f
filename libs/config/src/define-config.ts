import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { type Field, fieldsOf } from './fields.js';

/** Where settings come from: `process.env`, or a test's own. */
export type Environment = Readonly<Record<string, string | undefined>>;

type Source = { value: string } | { absent: true } | { problem: ConfigProblem };

/** A text shorter than this says nothing about a value by standing in a message. */
const MIN_REVEALING_CHARACTERS = 3;

/**
 * Reads the settings of a schema once, at boot. Each key comes from the variable of its name, or from the file that
 * `<KEY>_FILE` names (line ends at its end are dropped); both at once is an error. A blank variable counts as absent,
 * because charts and shells write one for "not set". What a text becomes is the schema's own business: `z.coerce`,
 * `z.stringbool`, transforms; they must be synchronous.
 *
 * Throws ConfigError with everything that is wrong, by key and never by value.
 */
export function defineConfig<S extends z.ZodObject>(schema: S, env: Environment = process.env): z.output<S> {
  const fields = fieldsOf(schema);
  const sources = fields.map((field) => ({ field, source: readSource(field, env) }));
  const values: Record<string, string> = {};
  for (const { field, source } of sources) if ('value' in source) values[field.key] = source.value;
  const unread = sources.flatMap(({ field, source }) => unreadProblem(field, source));
  const parsed = schema.safeParse(values);
  if (parsed.success && unread.length === 0) return freeze(parsed.data);
  // A setting that could not be read is named once, and rules over several settings say nothing until all are there.
  const unreadKeys = new Set(unread.map(({ field }) => field.key));
  const refused = (parsed.error?.issues ?? []).filter(({ path: [key] }) =>
    typeof key === 'string' ? !unreadKeys.has(key) : unread.length === 0,
  );
  throw new ConfigError([
    ...unread.map(({ problem }) => problem),
    ...refused.map((issue) => toProblem(issue, revealing(fields, values, issue))),
  ]);
}

/** Frozen, because settings are read once; typed as it came, because zod's output type is not known to be an object. */
function freeze<T>(settings: T): T {
  Object.freeze(settings);
  return settings;
}

function unreadProblem(field: Field, source: Source): { field: Field; problem: ConfigProblem }[] {
  if ('problem' in source) return [{ field, problem: source.problem }];
  if ('absent' in source && field.required) return [{ field, problem: { key: field.key, message: 'is missing' } }];
  return [];
}

function readSource({ key }: Field, env: Environment): Source {
  const fileKey = `${key}_FILE`;
  const value = present(env[key]);
  const path = present(env[fileKey]);
  if (value !== undefined && path !== undefined) {
    return { problem: { key, message: `is given twice, as ${key} and as ${fileKey}` } };
  }
  if (value !== undefined) return { value };
  if (path === undefined) return { absent: true };
  try {
    const text = readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
    return present(text) === undefined
      ? { problem: { key: fileKey, message: 'names an empty file' } }
      : { value: text };
  } catch (error) {
    return { problem: { key: fileKey, message: `names a file that cannot be read (${systemCode(error)})` } };
  }
}

function present(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : text;
}

/** ENOENT and its kind; never the message, which repeats the path. */
function systemCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'unknown error';
}

/** The values that a message about this issue must not repeat: the setting's own, and every secret. */
function revealing(fields: Field[], values: Record<string, string>, issue: z.core.$ZodIssue): string[] {
  return fields
    .filter(({ key, secret }) => secret || key === issue.path[0])
    .map(({ key }) => values[key] ?? '')
    .filter((value) => value.length >= MIN_REVEALING_CHARACTERS);
}

/** A message written by hand in a refinement might repeat what it refuses; then the key alone has to do. */
function toProblem(issue: z.core.$ZodIssue, forbidden: readonly string[]): ConfigProblem {
  const key = typeof issue.path[0] === 'string' ? issue.path[0] : '(all settings together)';
  return { key, message: forbidden.some((value) => issue.message.includes(value)) ? 'is not valid' : issue.message };
}
