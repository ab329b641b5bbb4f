import { asTenantId, isUuid, type TenantId } from '../ids.js';

/** What an import was asked for. */
export interface ImportArguments {
  readonly file: string;
  readonly tenantId: TenantId;
  /** Only checks. */
  readonly dryRun: boolean;
  readonly skipBadLines: boolean;
  readonly allowOpenEnd: boolean;
  readonly progressFile: string;
}

export const USAGE = `usage: node dist/import.js FILE --tenant ID [--dry-run] [--skip-bad-lines] [--allow-open-end] [--progress FILE]

FILE is CSV (RFC 4180) in UTF-8 with a header: externalId, amount, currency, stream, and one or both of buyerId and
customerId, of which each line fills one; websiteId and occurredAt (RFC 3339) if you like.

--dry-run         checks the file, writes nothing
--skip-bad-lines  imports the good lines although others are bad
--allow-open-end  the last line needs no line break
--progress FILE   where it is kept how far the import came (FILE.progress unless told)`;

/** The arguments, or what is wrong with them. */
export function readArguments(args: readonly string[]): ImportArguments | string {
  const files: string[] = [];
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (!arg.startsWith('--')) files.push(arg);
    else if (FLAGS.has(arg)) flags.add(arg);
    else if (VALUES.has(arg)) {
      const value = args[(at += 1)];
      if (value === undefined || value.startsWith('--')) return `${arg} needs a value.`;
      values.set(arg, value);
    } else return `${arg} is not known.`;
  }
  const [file, ...more] = files;
  const tenant = values.get('--tenant')?.toLowerCase() ?? '';
  if (file === undefined || more.length > 0) return 'Name one file.';
  if (!isUuid(tenant)) return '--tenant needs the id of a tenant.';
  return {
    file,
    tenantId: asTenantId(tenant),
    dryRun: flags.has('--dry-run'),
    skipBadLines: flags.has('--skip-bad-lines'),
    allowOpenEnd: flags.has('--allow-open-end'),
    progressFile: values.get('--progress') ?? `${file}.progress`,
  };
}

const FLAGS: ReadonlySet<string> = new Set(['--dry-run', '--skip-bad-lines', '--allow-open-end']);
const VALUES: ReadonlySet<string> = new Set(['--tenant', '--progress']);
