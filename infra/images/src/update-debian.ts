import { join } from 'node:path';
import type { Progress } from '@dailydoco/local';
import { RUNTIME_PACKAGES } from './air-gapped.js';
import { type PinnedPackage, requireSuite, resolveClosure, resolvePackages, writeDebianLock } from './debian.js';
import { STORES } from './stores.js';

const SUITE = 'bookworm';

/** Writes debian.lock.json from what this machine's apt would give today. */
export async function updateDebianLock(repository: string, progress: Progress): Promise<void> {
  requireSuite(SUITE);
  const scratch = join(repository, '.local/images/apt');
  const sets: Record<string, readonly PinnedPackage[]> = {};
  await progress.step('the runtime of the images', async () => {
    sets['runtime'] = await resolvePackages(RUNTIME_PACKAGES);
  });
  for (const { name, packages, alone } of STORES)
    await progress.step(`the store ${name}`, async () => {
      const closure = await resolveClosure(packages, scratch);
      sets[name] = [...closure, ...(await resolvePackages(alone))];
    });
  const file = join(repository, 'infra/images/debian.lock.json');
  writeDebianLock(file, { suite: SUITE, sets });
  progress.say(`${file} is written: look at what changed, then build and check the images.`);
}
