import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const repositoryRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** Where a fleet keeps everything it writes. Created readable by its owner only. */
export interface FleetLayout {
  readonly dataDir: string;
  readonly postgresDir: string;
  readonly redisDir: string;
  readonly kafkaDir: string;
  readonly logDir: string;
  readonly mailDir: string;
  readonly sitesDir: string;
  readonly clicksDir: string;
  /** Passwords and keys made at the first start. */
  readonly secretsFile: string;
  /** Process ids of the running fleet. */
  readonly runFile: string;
  /** What scripts and tests read to find the running fleet. */
  readonly fleetFile: string;
}

export function fleetLayout(dataDir = join(repositoryRoot, '.local')): FleetLayout {
  const layout = {
    dataDir,
    postgresDir: join(dataDir, 'postgres'),
    redisDir: join(dataDir, 'redis'),
    kafkaDir: join(dataDir, 'kafka'),
    logDir: join(dataDir, 'log'),
    mailDir: join(dataDir, 'mail'),
    sitesDir: join(dataDir, 'sites'),
    clicksDir: join(dataDir, 'clicks'),
    secretsFile: join(dataDir, 'secrets.json'),
    runFile: join(dataDir, 'run.json'),
    fleetFile: join(dataDir, 'fleet.json'),
  };
  for (const folder of [dataDir, layout.logDir, layout.mailDir, layout.sitesDir])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  return layout;
}
