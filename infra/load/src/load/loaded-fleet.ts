import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Fleet, prepareFirstUse, type Progress, repositoryRoot, startFleet } from '@dailydoco/local';
import { ensureTool } from '@dailydoco/tools';
import { writeLoadWorld } from './load-world.js';
import { writeRaisedLimits } from './raised-limits.js';

/** A fleet with people in it, and the program that loads it. */
export interface LoadedFleet {
  readonly fleet: Fleet;
  readonly k6: string;
  readonly worldFile: string;
  readonly folder: string;
}

/** Starts a fleet of its own, does the work on it, and ends it; the folder stays when the work fails. */
export async function withLoadedFleet<T>(progress: Progress, work: (loaded: LoadedFleet) => Promise<T>): Promise<T> {
  const k6 = await progress.step('find k6', (note) => ensureTool('k6', { onProgress: note }));
  mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(repositoryRoot, '.local', 'load-'));
  const gatewayConfig = join(folder, 'kong.yml');
  writeRaisedLimits(gatewayConfig);
  const fleet = await startFleet({ dataDir: folder, gatewayPort: 0, gatewayConfig, progress, endsOnSignal: true });
  try {
    await prepareFirstUse(fleet, progress, { demo: false });
    const worldFile = join(folder, 'load-world.json');
    await progress.step('fill it with people, sites and keys', () => writeLoadWorld(fleet, worldFile));
    const result = await work({ fleet, k6, worldFile, folder });
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    progress.say(`logs are kept in ${folder}`);
    throw error;
  } finally {
    await fleet.stop();
  }
}
