// `npm run restore`: brings a cluster back to an earlier moment, in a new folder, and holds its databases: their services start
// read-only until somebody accepts the differences. `npm run restore -- hold` holds a database that was restored by other means.
import { parseArgs } from 'node:util';
import {
  databaseName,
  explain,
  fleetLayout,
  SERVICES,
  type ServiceName,
  StartError,
  terminalProgress,
} from '@dailydoco/local';
import { ownerUrl } from './addresses.js';
import { holdDatabase, type Restorer } from './hold.js';
import { readManifest } from './physical/manifest.js';
import { restoreCluster } from './physical/point-in-time.js';

const USAGE = `npm run restore -- --backup DIR --to TIME|latest --by NAME --because TEXT [options]

  --backup DIR          a folder that \`npm run backup\` made
  --archive DIR         where the cluster archives its log; without it only the backup's own log is replayed
  --to TIME             the moment to go back to (2026-01-31T12:00:00Z), or \`latest\`
  --by NAME, --because TEXT
                        written into each database; its service is read-only until \`npm run reconcile -- --accept\`
  --data-dir DIR        where the cluster comes to stand; must not exist (.local/postgres)
  --password-file FILE  the superuser's password (<data folder>.password of the cluster that was backed up)
  --service NAME        the databases to hold, several times; all of the fleet's that the cluster has unless told

npm run restore -- hold --service NAME --to TIME --by NAME --because TEXT
  holds a database that was restored by other means, before its service is started; DATABASE_OWNER_URL_<SERVICE> (or …_FILE)
  names it
`;

const OPTIONS = {
  backup: { type: 'string' },
  archive: { type: 'string' },
  to: { type: 'string' },
  by: { type: 'string' },
  because: { type: 'string' },
  'data-dir': { type: 'string' },
  'password-file': { type: 'string' },
  service: { type: 'string', multiple: true },
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

type Values = ReturnType<typeof parsed>['values'];

function momentOf(text: string | undefined): Date | 'latest' {
  if (text === 'latest') return text;
  const time = new Date(text ?? '');
  // A moment without a zone would be that of this machine, which is nobody's intention.
  if (Number.isNaN(time.getTime()) || !/(Z|[+-]\d\d:\d\d)$/.test(text ?? ''))
    throw wrong('--to is a moment with its zone, such as 2026-01-31T12:00:00Z, or `latest`');
  return time;
}

function servicesOf({ service = [] }: Values): ServiceName[] {
  const unknown = service.find((name) => !SERVICES.some((known) => known === name));
  if (unknown !== undefined) throw wrong(`there is no service ${unknown}; there are ${SERVICES.join(', ')}`);
  return SERVICES.filter((name) => service.includes(name));
}

function restorerOf({ by = '', because = '' }: Values, restoredTo: Date): Restorer {
  if (by.trim() === '' || because.trim() === '') throw wrong('--by and --because are missing: both are written down');
  return { restoredTo, restoredBy: by, reason: because };
}

const progress = terminalProgress();

async function hold(values: Values): Promise<void> {
  const services = servicesOf(values);
  const to = momentOf(values.to);
  if (services.length === 0) throw wrong('hold needs --service');
  const restorer = restorerOf(values, to === 'latest' ? new Date() : to);
  for (const service of services) {
    await holdDatabase(ownerUrl(service, process.env, fleetLayout()), restorer);
    progress.say(`✔ ${service} is held: it starts read-only, and one that runs is within seconds`);
  }
}

async function restore(values: Values): Promise<void> {
  const { backup, archive, 'data-dir': dataDir = fleetLayout().postgresDir } = values;
  if (backup === undefined) throw wrong('--backup is missing');
  const to = momentOf(values.to);
  const restorer = restorerOf(values, to === 'latest' ? new Date() : to);
  const manifest = readManifest(backup);
  const wanted = servicesOf(values);
  const held = (wanted.length === 0 ? SERVICES : wanted).filter((service) =>
    manifest.databases.includes(databaseName(service)),
  );
  if (held.length === 0 || held.length < wanted.length)
    throw wrong(`the backup has the databases ${manifest.databases.join(', ')}, not all that --service names`);
  const store = await progress.step(`restore to ${to === 'latest' ? to : to.toISOString()}`, (onProgress) =>
    restoreCluster({
      backupDir: backup,
      ...(archive === undefined ? {} : { archiveDir: archive }),
      to,
      dataDir,
      passwordFile: values['password-file'] ?? `${manifest.dataDir}.password`,
      onProgress,
    }),
  );
  try {
    for (const service of held) {
      const url = new URL(store.url);
      url.pathname = `/${databaseName(service)}`;
      await holdDatabase(url.href, restorer);
    }
  } finally {
    await store.stop();
  }
  progress.say(
    `✔ held: ${held.join(', ')}\n\nThe cluster stands in ${dataDir} and is stopped. Start it, then the services; they answer reads.`,
  );
  progress.say('Then `npm run reconcile`, and `npm run reconcile -- --accept --by NAME --because TEXT`.');
}

try {
  const { values, positionals } = parsed();
  const [command, ...rest] = positionals;
  if (rest.length > 0 || (command !== undefined && command !== 'hold'))
    throw wrong(`what is ${positionals.join(' ')}?`);
  if (values.help === true) process.stdout.write(USAGE);
  else await (command === 'hold' ? hold(values) : restore(values));
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
