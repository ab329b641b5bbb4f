// `npm run reconcile`: what each service's database knows and the others do not, as a table and as JSON. Reads all databases and
// writes to none, except by --accept, which ends the hold of restored ones. Exits 1 when there is a difference.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { explain, fleetLayout, StartError, terminalProgress } from '@dailydoco/local';
import { databaseUrls, ownerUrl } from './addresses.js';
import { accept } from './reconcile/accept.js';
import { readStatement } from './reconcile/payments.js';
import { reconcile, reportDigest, reportTable, reportText } from './reconcile/report.js';

const USAGE = `npm run reconcile [-- options]

  --json                     prints the report as JSON instead of a table
  --report FILE              where the report is written; .local/reconcile-<time>.json unless told
  --in-flight-seconds N      what changed within the last N seconds may still be on its way (60)
  --rail-statement FILE      the rail's payments, one JSON object a line; the sandbox's own memory unless told
  --statement-is-complete    the statement holds every payment there ever was: look for payouts missing in it, too
  --accept --by NAME --because TEXT
                             ends the hold of every restored database, for good, with the digest of this report

The databases are those that DATABASE_URL_<SERVICE> name (or files, by …_FILE), else those of the local run.
--accept needs DATABASE_OWNER_URL_<SERVICE> of what is held.
`;

const OPTIONS = {
  json: { type: 'boolean' },
  report: { type: 'string' },
  'in-flight-seconds': { type: 'string' },
  'rail-statement': { type: 'string' },
  'statement-is-complete': { type: 'boolean' },
  accept: { type: 'boolean' },
  by: { type: 'string' },
  because: { type: 'string' },
  help: { type: 'boolean' },
} as const;

function wrong(why: string): StartError {
  return new StartError('The command cannot be understood.', { why, todo: `it takes:\n\n${USAGE}` });
}

function options() {
  try {
    return parseArgs({ options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const values = options();
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const seconds = values['in-flight-seconds'] ?? '60';
  if (!/^[0-9]{1,6}$/.test(seconds)) throw wrong('--in-flight-seconds is a whole number');
  const { by = '', because = '' } = values;
  if (values.accept === true && (by.trim() === '' || because.trim() === ''))
    throw wrong('--accept needs --by and --because: it is written down who took the differences, and why');
  const layout = fleetLayout();
  const progress = terminalProgress(process.stderr);
  const statement = values['rail-statement'] === undefined ? undefined : readStatement(values['rail-statement']);
  const report = await progress.step('compare the databases', (onProgress) =>
    reconcile({
      urls: databaseUrls(process.env, layout),
      settledBefore: new Date(Date.now() - 1000 * Number(seconds)),
      statement,
      statementIsComplete: values['statement-is-complete'] === true,
      onProgress,
    }),
  );
  const file = values.report ?? join(layout.dataDir, `reconcile-${report.at.replaceAll(':', '')}.json`);
  writeFileSync(file, reportText(report), { mode: 0o600 });
  process.stdout.write(values.json === true ? reportText(report) : `${reportTable(report)}\n`);
  process.stderr.write(`report: ${file}, SHA-256 ${reportDigest(report)}\n`);
  process.exitCode = report.balanced ? 0 : 1;
  if (values.accept !== true) return;
  const accepted = await accept(report, {
    acceptedBy: by,
    reason: because,
    ownerUrlOf: (service) => ownerUrl(service, process.env, layout),
  });
  process.stderr.write(
    `accepted for ${accepted.join(', ')}: within seconds they take changes again. Keep the report.\n`,
  );
  process.exitCode = 0;
}

try {
  await main();
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 2;
}
