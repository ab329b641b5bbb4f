// `npm run backup`: a base backup of the local run's cluster, or of another on this machine. `npm run backup -- drill` loses a
// ledger for real, on stores of its own, and brings it back.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { explain, fleetLayout, StartError, terminalProgress } from '@dailydoco/local';
import { drill } from './drill/drill.js';
import { takeBaseBackup } from './physical/base-backup.js';
import { verifyBackup } from './physical/manifest.js';

const USAGE = `npm run backup [-- options]

  --to DIR         where the backup is made; .local/backup/<time> unless told
  --url-file FILE  holds the URL of a superuser of the cluster; the local run's unless told
  --verify DIR     reads a backup again and compares it with its manifest; makes none

npm run backup -- drill
  starts a fleet, lets people earn, loses the ledger's database, brings it back, and compares
`;

const OPTIONS = {
  to: { type: 'string' },
  'url-file': { type: 'string' },
  verify: { type: 'string' },
  help: { type: 'boolean' },
} as const;

function wrong(why: string): StartError {
  return new StartError('The command cannot be understood.', { why, todo: `it takes:\n\n${USAGE}` });
}

function parsed() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

const progress = terminalProgress();

/** The local run's superuser: its password lies beside the data, its port in the data folder. */
function localUrl(): string {
  const { postgresDir } = fleetLayout();
  const lock = join(postgresDir, 'postmaster.pid');
  if (!existsSync(lock) || !existsSync(`${postgresDir}.password`))
    throw new StartError('The local run’s Postgres is not running.', {
      why: `${lock} or ${postgresDir}.password is not there`,
      todo: 'run `npm start`, or name another cluster by --url-file',
    });
  const port = readFileSync(lock, 'utf8').split('\n')[3];
  return `postgres://postgres:${readFileSync(`${postgresDir}.password`, 'utf8')}@127.0.0.1:${port}/postgres`;
}

async function backUp(to: string | undefined, urlFile: string | undefined): Promise<void> {
  const startedAt = new Date().toISOString();
  const backupDir = to ?? join(fleetLayout().dataDir, 'backup', startedAt.replaceAll(':', ''));
  const url = urlFile === undefined ? localUrl() : readFileSync(urlFile, 'utf8').trim();
  const { files, stoppedAt, databases } = await progress.step('take a base backup', (onProgress) =>
    takeBaseBackup({ url, backupDir, onProgress }),
  );
  await progress.step('read it again', () => verifyBackup(backupDir));
  const megabytes = files.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000_000;
  progress.say(`${backupDir}: ${files.length} files, ${megabytes.toFixed(0)} MB, databases ${databases.join(', ')}`);
  progress.say(`It can be brought back to ${stoppedAt}, and with an archive to any later moment.`);
}

try {
  const { values, positionals } = parsed();
  const { verify } = values;
  const [command, ...rest] = positionals;
  if (rest.length > 0 || (command !== undefined && command !== 'drill'))
    throw wrong(`what is ${positionals.join(' ')}?`);
  if (values.help === true) process.stdout.write(USAGE);
  else if (command === 'drill') await drill(progress);
  else if (verify !== undefined) await progress.step('read the backup', () => verifyBackup(verify));
  else await backUp(values.to, values['url-file']);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
