import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { StartError } from '@dailydoco/local';
import { z } from 'zod';

export const MANIFEST = 'manifest.json';
/** The folder inside a backup that holds the files of the cluster. */
export const CLUSTER = 'cluster';

const manifestSchema = z.object({
  /** Of the format of this file. */
  version: z.literal(1),
  postgres: z.string(),
  systemIdentifier: z.string(),
  dataDir: z.string(),
  startedAt: z.iso.datetime(),
  /** A cluster can be brought back to this moment, and to any later one that the archive reaches. */
  stoppedAt: z.iso.datetime(),
  startLsn: z.string(),
  stopLsn: z.string(),
  databases: z.array(z.string()),
  files: z.array(z.object({ path: z.string(), bytes: z.number().int(), sha256: z.string() })),
});

/** What a backup holds, and how to know that it still does. */
export type Manifest = z.output<typeof manifestSchema>;
export type BackedUpFile = Manifest['files'][number];

/** Reads a backup's manifest; throws StartError when the folder is no backup, or one that was never finished. */
export function readManifest(backupDir: string): Manifest {
  const file = join(backupDir, MANIFEST);
  if (!existsSync(file))
    throw new StartError(`${backupDir} is no backup.`, {
      why: `it has no ${MANIFEST}, which is written last: the folder is another one, or the backup was cut off`,
      todo: 'name a folder that `npm run backup` made and finished',
    });
  const parsed = manifestSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new StartError(`The manifest of ${backupDir} cannot be read.`, {
    why: parsed.error.message,
    todo: 'use the version of this program that made the backup, or another backup',
  });
}

/** Reads every file of the backup once; throws StartError naming the first that is not what it was. */
export async function verifyBackup(backupDir: string, manifest = readManifest(backupDir)): Promise<void> {
  for (const { path, sha256 } of manifest.files) {
    const found = await digestOf(join(backupDir, CLUSTER, path)).catch(() => undefined);
    if (found === sha256) continue;
    throw new StartError(`The backup ${backupDir} is damaged.`, {
      why: `${path} is ${found === undefined ? 'missing or unreadable' : 'not what was written'}`,
      todo: 'take another backup of the same cluster; the archive of an earlier one reaches as far',
    });
  }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
