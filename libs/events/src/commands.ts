import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Sql } from '@dailydoco/database';
import { discardParked, listParked, requestReplay } from './parked.store.js';
import { republish } from './republish.js';

export const USAGE = `dailydoco-events <command> [--database-url URL | --database-url-file FILE]

  parked    [--consumer NAME] [--limit N]
            lists parked events, oldest first
  replay    --consumer NAME [--topic TOPIC] [--key KEY]
            asks the running consumer to apply what it has parked, in order
  discard   --consumer NAME --event ID --because TEXT
            gives one parked event up; ask for a replay to let later ones of its key go on
  republish [--from-id N] [--to-id N] [--from TIME] [--to TIME] [--topic TOPIC] [--key KEY]
            publishes events of the last seven days once more; all conditions given must hold

Without either the connection comes from PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
`;

/** A mistake in what was typed; the usage helps, a stack trace does not. */
export class UsageError extends Error {}

const OPTIONS = {
  'database-url': { type: 'string' },
  'database-url-file': { type: 'string' },
  consumer: { type: 'string' },
  topic: { type: 'string' },
  key: { type: 'string' },
  event: { type: 'string' },
  because: { type: 'string' },
  limit: { type: 'string' },
  'from-id': { type: 'string' },
  'to-id': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
} as const;

type OptionName = keyof typeof OPTIONS;
type Values = { readonly [N in OptionName]?: string };

export interface Command {
  readonly databaseUrl: string | undefined;
  /** Does what was asked for and says what it did, a line for each thing. */
  readonly run: (sql: Sql) => Promise<string[]>;
}

const ALLOWED: Record<string, readonly OptionName[]> = {
  parked: ['consumer', 'limit'],
  replay: ['consumer', 'topic', 'key'],
  discard: ['consumer', 'event', 'because'],
  republish: ['from-id', 'to-id', 'from', 'to', 'topic', 'key'],
};

/** Reads a command line. Throws UsageError before anything is connected to. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parse(args);
  const [name = '', ...rest] = positionals;
  const allowed = ALLOWED[name];
  if (allowed === undefined || rest.length > 0) throw new UsageError(`unknown command '${positionals.join(' ')}'`);
  for (const option of Object.keys(values)) {
    if (!option.startsWith('database-url') && !allowed.some((known) => known === option)) {
      throw new UsageError(`${name} takes no --${option}`);
    }
  }
  return { databaseUrl: databaseUrlOf(values), run: runner(name, values) };
}

/** Pods have it as a file, so that no command line shows a password. */
function databaseUrlOf({ 'database-url': url, 'database-url-file': file }: Values): string | undefined {
  if (file === undefined) return url;
  if (url !== undefined) throw new UsageError('give --database-url or --database-url-file, not both');
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new UsageError(`--database-url-file: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parse(args: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function runner(name: string, values: Values): Command['run'] {
  const { topic, key } = values;
  const line = { ...(topic === undefined ? {} : { topic }), ...(key === undefined ? {} : { key }) };
  if (name === 'parked') return parked(values);
  if (name === 'replay') {
    const consumer = required(values, 'consumer');
    return async (sql) => [`${await requestReplay(sql, { consumer, ...line })} keys will be replayed`];
  }
  if (name === 'discard') {
    const discard = {
      consumer: required(values, 'consumer'),
      eventId: required(values, 'event'),
      because: required(values, 'because'),
    };
    return async (sql) => [(await discardParked(sql, discard)) ? 'discarded' : 'no such event is parked'];
  }
  const selection = {
    ...line,
    ...whole('fromId', values['from-id']),
    ...whole('toId', values['to-id']),
    ...moment('from', values.from),
    ...moment('to', values.to),
  };
  if (Object.keys(selection).length === 0) throw new UsageError('republish needs a condition');
  return async (sql) => [`${await republish(sql, selection)} events will be published again`];
}

function parked({ consumer, limit = '200' }: Values): Command['run'] {
  if (!/^[1-9][0-9]{0,5}$/.test(limit)) throw new UsageError('--limit is a whole number from 1 to 999999');
  const filter = { ...(consumer === undefined ? {} : { consumer }), limit: Number(limit) };
  return async (sql) => (await listParked(sql, filter)).map((event) => JSON.stringify(event));
}

function required(values: Values, name: OptionName): string {
  const value = values[name];
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

function whole<N extends string>(name: N, text: string | undefined): { [K in N]?: bigint } {
  if (text === undefined) return {};
  if (!/^[0-9]{1,18}$/.test(text)) throw new UsageError(`'${text}' is not an id`);
  return { [name]: BigInt(text) } as { [K in N]?: bigint };
}

function moment<N extends string>(name: N, text: string | undefined): { [K in N]?: Date } {
  if (text === undefined) return {};
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new UsageError(`'${text}' is not a time`);
  return { [name]: time } as { [K in N]?: Date };
}
