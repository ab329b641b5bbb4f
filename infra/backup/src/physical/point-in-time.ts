import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StartError } from '@dailydoco/local';
import { type PostgresStore, startPostgres } from '@dailydoco/stores';
import pg from 'pg';
import { CLUSTER, type Manifest, readManifest, verifyBackup } from './manifest.js';

export interface RestoreOptions {
  readonly backupDir: string;
  /** Where the cluster archives its log; without it only what the backup itself holds can be replayed. */
  readonly archiveDir?: string;
  /** The moment to go back to; `latest` replays all that there is. */
  readonly to: Date | 'latest';
  /** Where the cluster comes to stand; must not exist. */
  readonly dataDir: string;
  /** Holds the superuser's password: `<data folder>.password` of the cluster that was backed up. */
  readonly passwordFile: string;
  readonly port?: number;
  readonly diesWithParent?: boolean;
  readonly onProgress?: (text: string) => void;
}

const REPLAY_TIMEOUT_MS = 3_600_000;
const POLL_MS = 200;
/** The user that the embedded server runs as when this program is root. */
const NOBODY = 65_534;
const TOO_LATE = 'recovery ended before configured recovery target was reached';

/**
 * Brings a cluster back to a moment, in a folder of its own, and resolves once it takes writes. Nothing of the old cluster
 * is touched. The answer is running: stop it, or go on with it.
 */
export async function restoreCluster(options: RestoreOptions): Promise<PostgresStore> {
  const { backupDir, archiveDir, to, dataDir, onProgress = () => undefined } = options;
  const manifest = readManifest(backupDir);
  refuseImpossible(options, manifest);
  onProgress('checking the backup');
  await verifyBackup(backupDir, manifest);
  onProgress('copying the files');
  layOut(options);
  const settings: Record<string, string> = {
    recovery_target_action: 'promote',
    // The log of the backup lies in pg_wal already: what the archive lacks is looked for there.
    restore_command: archiveDir === undefined ? 'false' : `cp '${archiveDir}/%f' "%p"`,
    ...(to === 'latest' ? {} : { recovery_target_time: settingOf(to) }),
  };
  try {
    const store = await startPostgres({
      dataDir,
      settings,
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.diesWithParent === undefined ? {} : { diesWithParent: options.diesWithParent }),
    });
    await replayed(store, onProgress);
    return store;
  } catch (error) {
    if (`${String(error)}${logOf(dataDir)}`.includes(TOO_LATE)) throw tooLate(options, error);
    throw error;
  }
}

/** As the server's settings want a moment: they do not take the Z of ISO 8601. */
function settingOf(moment: Date): string {
  return moment.toISOString().replace('T', ' ').replace('Z', '+00');
}

function refuseImpossible({ to, dataDir, passwordFile }: RestoreOptions, manifest: Manifest): void {
  if (existsSync(dataDir))
    throw new StartError(`${dataDir} is there already.`, {
      why: 'a restore never writes over a cluster: what is left of it may be all the evidence there is',
      todo: 'move the folder away, or name another one',
    });
  if (!existsSync(passwordFile))
    throw new StartError('The superuser’s password is not known.', {
      why: `${passwordFile} is not there; a backup holds no passwords`,
      todo: 'name the file with the password of the cluster that was backed up, by --password-file',
    });
  if (to !== 'latest' && to < new Date(manifest.stoppedAt))
    throw new StartError(`This backup cannot go back to ${to.toISOString()}.`, {
      why: `it was finished at ${manifest.stoppedAt}, and nothing earlier can be made of it`,
      todo: 'name an earlier backup, or a moment after this one’s end',
    });
}

function tooLate({ to, archiveDir }: RestoreOptions, cause: unknown): StartError {
  return new StartError(`The log does not reach ${to === 'latest' ? 'its end' : to.toISOString()}.`, {
    why:
      archiveDir === undefined
        ? 'no archive was named, and the backup’s own log ends with the backup'
        : `nothing that was committed so late is in ${archiveDir}: a segment is missing, or the moment is later than the last one archived`,
    todo: 'see that the archive is whole; else name an earlier moment, or `--to latest` for all that there is',
    cause,
  });
}

function layOut({ backupDir, dataDir, passwordFile }: RestoreOptions): void {
  cpSync(join(backupDir, CLUSTER), dataDir, { recursive: true });
  mkdirSync(join(dataDir, 'pg_wal', 'archive_status'), { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, 'recovery.signal'), '');
  const own = `${dataDir}.password`;
  if (own !== passwordFile) writeFileSync(own, readFileSync(passwordFile), { mode: 0o600 });
  // Postgres does not start on a folder that others may read.
  chmodSync(dataDir, 0o700);
  // The log of an earlier cluster of this name would be taken for this one's.
  rmSync(`${dataDir}.log`, { force: true });
  if (process.getuid?.() !== 0) return;
  for (const path of ['.', ...readdirSync(dataDir, { recursive: true, encoding: 'utf8' })])
    chownSync(join(dataDir, path), NOBODY, NOBODY);
}

async function replayed(store: PostgresStore, onProgress: (text: string) => void): Promise<void> {
  const deadline = Date.now() + REPLAY_TIMEOUT_MS;
  const client = new pg.Client({ connectionString: store.url, application_name: 'dailydoco-restore' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    for (;;) {
      const { rows } = await client.query<{ recovering: boolean; at: string | null }>(
        'SELECT pg_is_in_recovery() AS recovering, pg_last_xact_replay_timestamp()::text AS at',
      );
      if (rows[0]?.recovering === false) return;
      if (Date.now() > deadline) throw new Error(`the log was not replayed within ${REPLAY_TIMEOUT_MS} ms`);
      onProgress(`replaying, at ${rows[0]?.at ?? 'the beginning'}`);
      await wait(POLL_MS);
    }
  } catch (error) {
    await store.stop();
    throw error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function logOf(dataDir: string): string {
  return existsSync(`${dataDir}.log`) ? readFileSync(`${dataDir}.log`, 'utf8') : '';
}
