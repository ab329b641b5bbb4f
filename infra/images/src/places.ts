import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where finished archives lie; ignored by git. */
export function outFolder(repository: string): string {
  return join(repository, 'infra/images/out');
}

/** Everything made on the way; may be removed at any time. */
export function workFolder(repository: string): string {
  return join(repository, '.local/images');
}

/** Debian packages that were fetched once; shared by clones. */
export function cacheFolder(): string {
  return join(homedir(), '.cache/dailydoco/debian');
}

/** The version that images are tagged with. */
export function appVersion(repository: string): string {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  return version;
}
