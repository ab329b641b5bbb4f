import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StartError } from '@dailydoco/local';
import { type PostgresStore, startPostgres, walArchiveSettings } from '@dailydoco/stores';
import { eventually } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { takeBaseBackup } from '../src/physical/base-backup.js';
import { readManifest, verifyBackup } from '../src/physical/manifest.js';
import { restoreCluster, type RestoreOptions } from '../src/physical/point-in-time.js';

// These clusters are this spec's own, because it destroys them.
let folder: string;
let cluster: PostgresStore;
let moment: Date;
const at = (name: string): string => join(folder, name);

async function ask<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

const note = (value: string): Promise<unknown> => ask(cluster.url, `INSERT INTO note VALUES ('${value}')`);
const notes = async (url: string): Promise<string[]> =>
  (await ask<{ value: string }>(url, 'SELECT value FROM note ORDER BY value')).map(({ value }) => value);

/** One cluster, lost for good: a note before the backup, one after, a moment, one after that. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backup-spec-'));
  cluster = await startPostgres({
    dataDir: at('cluster'),
    diesWithParent: true,
    settings: walArchiveSettings(at('archive')),
  });
  await ask(cluster.url, 'CREATE TABLE note (value text)');
  await note('1 before the backup');
  await takeBaseBackup({ url: cluster.url, backupDir: at('backup') });
  await note('2 before the moment');
  await wait(50);
  moment = new Date();
  await wait(50);
  await note('3 after the moment');
  const [segment] = await ask<{ name: string }>(cluster.url, 'SELECT pg_walfile_name(pg_switch_wal()) AS name');
  await eventually(() => expect(existsSync(join(at('archive'), segment?.name ?? ''))).toBe(true), {
    timeoutMs: 30_000,
  });
  await cluster.kill('SIGKILL');
  rmSync(at('cluster'), { recursive: true });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

let restores = 0;
const options = (over: Partial<RestoreOptions> = {}): RestoreOptions => {
  restores += 1;
  return {
    backupDir: at('backup'),
    archiveDir: at('archive'),
    to: moment,
    dataDir: at(`restored-${restores}`),
    passwordFile: `${at('cluster')}.password`,
    diesWithParent: true,
    ...over,
  };
};

async function restoredNotes(given: RestoreOptions): Promise<string[]> {
  const restored = await restoreCluster(given);
  try {
    const found = await notes(restored.url);
    // It takes writes: it is a cluster of its own now.
    await ask(restored.url, "INSERT INTO note VALUES ('9 after the restore')");
    return found;
  } finally {
    await restored.stop();
  }
}

const refusal = async (given: RestoreOptions): Promise<string> => {
  const error: unknown = await restoreCluster(given).then(
    async (store) => store.stop(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StartError);
  return `${String(error)} ${(error as StartError).why}`;
};

describe('a cluster that was lost', () => {
  it('comes back as it was at the moment asked for', async () => {
    expect(await restoredNotes(options())).toEqual(['1 before the backup', '2 before the moment']);
  }, 60_000);

  it('comes back with all that was archived, when no moment is asked for', async () => {
    expect(await restoredNotes(options({ to: 'latest' }))).toEqual([
      '1 before the backup',
      '2 before the moment',
      '3 after the moment',
    ]);
  }, 60_000);

  it('comes back by the backup alone, as it was when that was taken', async () => {
    const { archiveDir: _, ...alone } = options({ to: 'latest' });
    expect(await restoredNotes(alone)).toEqual(['1 before the backup']);
  }, 60_000);
});

describe('a restore is refused, with the cause,', () => {
  it('when the moment lies before the backup, or after all that is archived', async () => {
    expect(await refusal(options({ to: new Date('2020-01-01T00:00:00Z') }))).toContain(
      'nothing earlier can be made of it',
    );
    expect(await refusal(options({ to: new Date(Date.now() + 3_600_000) }))).toContain(
      'later than the last one archived',
    );
  }, 60_000);

  it('when something stands there already, or the password is not known', async () => {
    expect(await refusal(options({ dataDir: folder }))).toContain('is there already');
    expect(await refusal(options({ passwordFile: at('nowhere') }))).toContain('a backup holds no passwords');
  });

  it('when the folder is no backup, and when one byte of it is not what it was', async () => {
    expect(await refusal(options({ backupDir: at('archive') }))).toContain('is no backup');
    await verifyBackup(at('backup'));
    const path = readManifest(at('backup')).files.find((file) => file.bytes > 0)?.path ?? '';
    appendFileSync(join(at('backup'), 'cluster', path), 'x');
    expect(await refusal(options())).toContain(`${path} is not what was written`);
  });
});

it('a backup is never written over another', async () => {
  await expect(takeBaseBackup({ url: cluster.url, backupDir: at('backup') })).rejects.toThrow('is there already');
});
