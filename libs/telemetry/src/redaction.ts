import { isNativeError } from 'node:util/types';

// What must never stand in a log: who can read logs is a wider circle than who may see money, keys and people.

const REDACTED = '[redacted]';
const MAX_DEPTH = 8;
const MAX_ENTRIES = 100;
const MAX_TEXT_CHARS = 8_192;

// Names are compared in lower case and without `_` and `-`, so that `refresh_token`, `refresh-token` and `refreshToken`
// are one.
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'amount',
  'amounts',
  'balance',
  'balances',
  'cookie',
  'credential',
  'credentials',
  'key',
  'keys',
  'setcookie',
]);
const SECRET_ENDINGS = [
  'amountmicros',
  'apikey',
  'authorization',
  'email',
  'emails',
  'encryptionkey',
  'micros',
  'passphrase',
  'password',
  'passwordhash',
  'privatekey',
  'secret',
  'secrets',
  'signingkey',
  'token',
  'tokens',
] as const;

/** Whether a field of that name is hidden whatever it holds. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[_-]/g, '');
  return SECRET_NAMES.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending));
}

/**
 * A copy that is safe to log: fields with a secret name are replaced at any depth, in maps, arrays and errors alike,
 * bigints become text, and depth, width and length are bounded. The original is not touched.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactEntries(Object.entries(fields), 0, new Set([fields]));
}

// Secrets that have found their way into free text, told by their shape. The text may be a finished line of JSON: an
// escape is matched first, and kept, so that no other pattern begins in the middle of one, and no pattern crosses a
// quote or a backslash; JSON stays JSON. Each repetition is bounded, because a line may be long and made by a stranger.
const WORD_START = String.raw`(?<=^|[^A-Za-z0-9_]|\\.|\\u[0-9a-fA-F]{4})`;
const SECRET_SHAPES = new RegExp(
  [
    String.raw`(?<kept>\\u[0-9a-fA-F]{4}|\\.)`,
    String.raw`(?<scheme>${WORD_START}(?:[Bb]earer|[Bb]asic|BEARER|BASIC)\s{1,4})[A-Za-z0-9._~+/=-]+`,
    String.raw`(?<prefix>${WORD_START}dd_)[A-Za-z0-9_-]{8,}`,
    String.raw`${WORD_START}eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?`,
    String.raw`(?<url>${WORD_START}[A-Za-z][A-Za-z0-9+.-]{0,20}:\/\/[^\s:@/"\\]{0,200}:)[^\s@/"\\]{1,200}(?=@)`,
    String.raw`(?<=^|[^A-Za-z0-9._%+-]|\\.|\\u[0-9a-fA-F]{4})[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+`,
  ].join('|'),
  'g',
);

/** The same text without the secrets that can be told by their shape: tokens, API keys, URL passwords, e-mails. */
export function redactText(text: string): string {
  return text.replaceAll(SECRET_SHAPES, (...match) => {
    const { kept, scheme, prefix, url }: Record<string, string | undefined> = match.at(-1);
    return kept ?? `${scheme ?? prefix ?? url ?? ''}${REDACTED}`;
  });
}

type Ancestors = ReadonlySet<unknown>;

function redactEntries(
  entries: Iterable<readonly [string, unknown]>,
  depth: number,
  ancestors: Ancestors,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  let count = 0;
  for (const [name, value] of entries) {
    count += 1;
    if (count > MAX_ENTRIES) {
      copy['…'] = 'more fields left out';
      break;
    }
    copy[name] =
      isSecretName(name) && value !== undefined && value !== null ? REDACTED : redactValue(value, depth, ancestors);
  }
  return copy;
}

function redactValue(value: unknown, depth: number, ancestors: Ancestors): unknown {
  if (typeof value === 'string') return boundText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (ancestors.has(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[too deep]';
  return redactObject(value, depth + 1, new Set([...ancestors, value]));
}

function redactObject(value: object, depth: number, ancestors: Ancestors): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof URL) return boundText(value.href);
  if (isNativeError(value) || value instanceof Error) return redactError(value, depth, ancestors);
  if (value instanceof Map) {
    return redactEntries(
      Array.from(value, ([name, held]: [unknown, unknown]) => [String(name), held] as const),
      depth,
      ancestors,
    );
  }
  if (Array.isArray(value) || value instanceof Set) {
    const items: unknown[] = [...value];
    const copy = items.slice(0, MAX_ENTRIES).map((item) => redactValue(item, depth, ancestors));
    return items.length > MAX_ENTRIES ? [...copy, `… ${items.length - MAX_ENTRIES} more`] : copy;
  }
  return redactEntries(Object.entries(value), depth, ancestors);
}

function redactError(error: Error, depth: number, ancestors: Ancestors): Record<string, unknown> {
  const known: [string, unknown][] = [
    ['type', error.name],
    ['message', error.message],
    ['stack', error.stack],
  ];
  if (error.cause !== undefined) known.push(['cause', error.cause]);
  const own = Object.entries(error).filter(([name]) => !isLeakyErrorField(error, name));
  return redactEntries([...known, ...own], depth, ancestors);
}

const PARAMETER_FIELDS: ReadonlySet<string> = new Set(['parameters', 'params', 'values']);
const POSTGRES_ROW_FIELDS: ReadonlySet<string> = new Set(['detail', 'where', 'internalQuery', 'hint']);

/** Drivers put parameters into their errors, Postgres puts the row's values into some fields of its own. */
function isLeakyErrorField(error: Error, name: string): boolean {
  return PARAMETER_FIELDS.has(name) || ('severity' in error && POSTGRES_ROW_FIELDS.has(name));
}

function boundText(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
