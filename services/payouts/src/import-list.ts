// `node dist/import-list.js LIST KIND FORMAT FILE [ALIASES] --reason WHY [--tenant ID]`: puts a list in force from a
// file of any size, for the whole installation or for one tenant. Exits with 1 when anything was wrong.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { inDatabaseTransaction, openRestoreHolds } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { readConfig } from './config.js';
import { asTenantId, isUuid } from './ids.js';
import { createRuntime } from './runtime.js';
import { LIST_FORMATS, readListFile } from './screening/list-file.adapter.js';
import { ListStore } from './screening/list.store.js';
import { type ListUpload, putList } from './screening/lists.js';
import { INSTALLATION, LIST_KINDS } from './screening/sanctions-list.js';

const USAGE = `node dist/import-list.js LIST KIND FORMAT FILE [ALIASES] --reason WHY [--tenant ID]
  LIST    a name of lower-case letters, digits and _, such as ofac_sdn
  KIND    ${LIST_KINDS.join(', ')}
  FORMAT  ${LIST_FORMATS.join(', ')}; ALIASES is ALT.CSV, of ofac_csv alone
`;

/** What the command line says; a text: what is wrong with it. */
async function wanted(args: readonly string[]): Promise<ListUpload | string> {
  const options = { reason: { type: 'string' }, tenant: { type: 'string' } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const [list = '', kindName, formatName, file, aliasFile, ...more] = positionals;
  const kind = LIST_KINDS.find((each) => each === kindName);
  const format = LIST_FORMATS.find((each) => each === formatName);
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(list) || kind === undefined || format === undefined) return USAGE;
  if (file === undefined || more.length > 0 || !values.reason) return USAGE;
  if (values.tenant !== undefined && !isUuid(values.tenant)) return 'a tenant is named by its id';
  const content = await readFile(file, 'utf8');
  const aliases = aliasFile === undefined ? undefined : await readFile(aliasFile, 'utf8');
  return {
    tenantId: values.tenant === undefined ? INSTALLATION : asTenantId(values.tenant),
    list,
    kind,
    entries: readListFile({ format, content, aliases }),
    fileDigest: createHash('sha256')
      .update(content)
      .update('\0')
      .update(aliases ?? '')
      .digest('hex'),
    reason: values.reason,
    uploadedBy: 'command',
  };
}

function said(error: unknown): string {
  if (error instanceof DomainError)
    return error.fieldErrors.map(({ path, message }) => `${path} ${message}`).join('\n');
  return error instanceof Error ? error.message : 'the file cannot be read';
}

const upload = await wanted(process.argv.slice(2)).catch(said);
if (typeof upload === 'string') {
  process.stderr.write(`${upload}\n`);
  process.exit(1);
}

const { pool, clock, lifecycle } = createRuntime(readConfig());
try {
  if ((await openRestoreHolds(pool)).length > 0) {
    throw new Error('the database was restored and that is not accepted yet: nothing may be written');
  }
  const { list, version, entries } = await inDatabaseTransaction(pool, (tx) =>
    putList(new ListStore(tx), upload, clock.now()),
  );
  process.stdout.write(`${list} version ${version}: ${entries} entries in force\n`);
} catch (error) {
  process.stderr.write(`${said(error)}\n`);
  process.exitCode = 1;
} finally {
  await lifecycle.shutdown('the command is done');
  await pool.end();
}
