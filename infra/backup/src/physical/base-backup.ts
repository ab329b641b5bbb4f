import { createHash } from 'node:crypto';
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StartError } from '@dailydoco/local';
import type pg from 'pg';
import { connected } from '../hold.js';
import { type BackedUpFile, CLUSTER, type Manifest, MANIFEST } from './manifest.js';

export interface BaseBackupOptions {
  /** The superuser's, or that of a role with pg_read_all_settings and the right to call pg_backup_start. */
  readonly url: string;
  /** Where the backup is made; must not exist. */
  readonly backupDir: string;
  readonly onProgress?: (text: string) => void;
}

/** Folders whose contents a restored cluster makes anew, as Postgres's manual lists them. */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT = /^(postmaster\.pid|postmaster\.opts|current_logfiles|pg_internal\.init.*|pgsql_tmp.*)$/;
const CONTROL = 'global/pg_control';
const SEGMENT = /^[0-9A-F]{24}$/;

interface Stopped {
  readonly stopLsn: string;
  readonly label: string;
}

/**
 * Copies a running cluster by Postgres's low-level backup interface, with the write-ahead log that makes the copy whole:
 * the backup can be restored by itself, and with an archive to any later moment. Must run on the machine of the cluster.
 */
export async function takeBaseBackup(options: BaseBackupOptions): Promise<Manifest> {
  const { url, backupDir, onProgress = () => undefined } = options;
  if (existsSync(backupDir))
    throw new StartError(`${backupDir} is there already.`, {
      why: 'a backup is never written over another',
      todo: 'name a folder that does not exist',
    });
  const client = await connected(url);
  try {
    const about = await aboutCluster(client);
    const startedAt = new Date();
    onProgress('waiting for a checkpoint');
    // Keeps the log from its present end on, for as long as this connection lives.
    await client.query(
      "SELECT pg_create_physical_replication_slot('dailydoco_backup_' || pg_backend_pid(), true, true)",
    );
    const startLsn = await one(client, "SELECT pg_backup_start('dailydoco', fast => true)::text AS value");
    const files = await copyCluster(about.dataDir, join(backupDir, CLUSTER), onProgress);
    const { stopLsn, label } = await stopBackup(client);
    files.push(await writeInto(join(backupDir, CLUSTER), 'backup_label', label));
    onProgress('the write-ahead log');
    files.push(...(await copyLog(client, { ...about, startLsn, stopLsn, to: join(backupDir, CLUSTER) })));
    const stoppedAt = await one(
      client,
      'SELECT to_char(clock_timestamp() AT TIME ZONE \'UTC\', \'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\') AS value',
    );
    const manifest: Manifest = {
      version: 1,
      ...about,
      startedAt: startedAt.toISOString(),
      stoppedAt,
      startLsn,
      stopLsn,
      files,
    };
    writeManifest(backupDir, manifest);
    return manifest;
  } finally {
    await client.end();
  }
}

async function one(client: pg.Client, text: string, values: unknown[] = []): Promise<string> {
  const { rows } = await client.query<{ value: string }>(text, values);
  const [row] = rows;
  if (row === undefined) throw new Error(`no row: ${text}`);
  return row.value;
}

async function aboutCluster(client: pg.Client) {
  const dataDir = await one(client, "SELECT current_setting('data_directory') AS value");
  if (!existsSync(join(dataDir, 'PG_VERSION')))
    throw new StartError('The cluster’s files are not on this machine.', {
      why: `its data folder is ${dataDir}, which cannot be read here`,
      todo: 'run this where the cluster runs; for one elsewhere use the means of whoever runs it (docs/operations/backup-and-restore.md)',
    });
  if (readdirSync(join(dataDir, 'pg_tblspc')).length > 0)
    throw new StartError('The cluster has tablespaces.', {
      why: 'this program copies the data folder alone',
      todo: 'take the backup with pg_basebackup',
    });
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname',
  );
  return {
    dataDir,
    postgres: await one(client, "SELECT current_setting('server_version') AS value"),
    systemIdentifier: await one(client, 'SELECT system_identifier::text AS value FROM pg_control_system()'),
    databases: rows.map(({ datname }) => datname),
  };
}

async function stopBackup(client: pg.Client): Promise<Stopped> {
  // The log is copied from the cluster itself, so nobody has to wait for an archive.
  const { rows } = await client.query<{ lsn: string; labelfile: string }>(
    'SELECT lsn::text, labelfile FROM pg_backup_stop(wait_for_archive => false)',
  );
  const [row] = rows;
  if (row === undefined) throw new Error('pg_backup_stop answered nothing');
  return { stopLsn: row.lsn, label: row.labelfile };
}

async function copyCluster(from: string, to: string, onProgress: (text: string) => void): Promise<BackedUpFile[]> {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const files: BackedUpFile[] = [];
  const entries = await readdir(from, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(from.length + 1);
    const [top = ''] = path.split('/');
    if (LEFT_OUT.test(entry.name) || (EMPTIED.has(top) && path !== top)) continue;
    if (entry.isDirectory()) mkdirSync(join(to, path), { recursive: true, mode: 0o700 });
    else if (entry.isFile() && path !== CONTROL) files.push(...(await copyFile(from, to, path)));
    if (files.length % 500 === 499) onProgress(`${files.length} files`);
  }
  // Last, as Postgres's own tool does: what it says must not be older than the files that it speaks of.
  files.push(...(await copyFile(from, to, CONTROL)));
  return files;
}

/** Copies and digests in one go. A table that was dropped meanwhile is no loss: the log knows. */
async function copyFile(from: string, to: string, path: string): Promise<BackedUpFile[]> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(undefined, chunk);
    },
  });
  mkdirSync(dirname(join(to, path)), { recursive: true, mode: 0o700 });
  try {
    await pipeline(createReadStream(join(from, path)), counted, createWriteStream(join(to, path), { mode: 0o600 }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return [{ path, bytes, sha256: hash.digest('hex') }];
}

async function copyLog(
  client: pg.Client,
  { dataDir, startLsn, stopLsn, to }: { dataDir: string; startLsn: string; stopLsn: string; to: string },
): Promise<BackedUpFile[]> {
  const first = await one(client, 'SELECT pg_walfile_name($1::pg_lsn) AS value', [startLsn]);
  const last = await one(client, 'SELECT pg_walfile_name($1::pg_lsn) AS value', [stopLsn]);
  const wanted = readdirSync(join(dataDir, 'pg_wal'))
    .filter((name) => name.endsWith('.history') || (SEGMENT.test(name) && name >= first && name <= last))
    .toSorted();
  if (!wanted.includes(first) || !wanted.includes(last))
    throw new Error(`the write-ahead log from ${first} to ${last} is not whole in ${dataDir}/pg_wal`);
  const files: BackedUpFile[] = [];
  for (const name of wanted) files.push(...(await copyFile(dataDir, to, join('pg_wal', name))));
  return files;
}

async function writeInto(folder: string, path: string, text: string): Promise<BackedUpFile> {
  writeFileSync(join(folder, path), text, { mode: 0o600 });
  return { path, bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}

/** Last, and under its name only when whole: a backup without it does not count. */
function writeManifest(backupDir: string, manifest: Manifest): void {
  const part = join(backupDir, `${MANIFEST}.part`);
  writeFileSync(part, `${JSON.stringify(manifest, undefined, 1)}\n`, { mode: 0o600 });
  renameSync(part, join(backupDir, MANIFEST));
}
