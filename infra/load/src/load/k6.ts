import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';
import { type LoadFigures, readSummary } from './k6-summary.js';
import type { LoadScenario } from './scenarios.js';

export interface K6Run {
  /** The program. */
  readonly k6: string;
  readonly scenario: LoadScenario;
  readonly worldFile: string;
  /** Iterations begun each second. */
  readonly rate: number;
  readonly seconds: number;
  readonly folder: string;
  /** For a script that is told which call to make. */
  readonly call?: string;
}

/** How much longer than told a run may take until it is ended: answers under way, and k6's own beginning and end. */
const GRACE_MS = 60_000;
/** k6 ends with it when a threshold was crossed; ours only name what is told apart. */
const THRESHOLDS_CROSSED = 99;

/** Runs one scenario to its end and reads what it measured. k6 keeps its own words in a log beside. */
export async function runK6(run: K6Run): Promise<LoadFigures> {
  const { scenario, folder } = run;
  const summary = join(folder, `${scenario.name}.json`);
  const logFile = join(folder, `${scenario.name}.log`);
  const script = join(repositoryRoot, 'infra', 'load', 'scenarios', `${scenario.name}.js`);
  const code = await k6Ended(run, {
    script,
    logFile,
    env: {
      WORLD: run.worldFile,
      RATE: String(run.rate),
      SECONDS: String(run.seconds),
      NAMES: scenario.calls.join(','),
      SUMMARY: summary,
      ...(run.call === undefined ? {} : { CALL: run.call }),
    },
  });
  if ((code !== 0 && code !== THRESHOLDS_CROSSED) || !existsSync(summary))
    throw new Error(`k6 ended with ${code}:\n${readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n')}`);
  return readSummary(readFileSync(summary, 'utf8'));
}

function k6Ended(
  { k6, seconds }: K6Run,
  { script, logFile, env }: { script: string; logFile: string; env: Record<string, string> },
): Promise<number | null> {
  const log = createWriteStream(logFile);
  // Nothing is reported to anybody, and no proxy of the environment stands between two programs of one machine.
  const args = ['run', '--quiet', '--no-usage-report', '--no-color', script];
  const child = spawn(k6, args, {
    env: { HOME: process.env['HOME'], PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const late = setTimeout(() => child.kill('SIGKILL'), seconds * 1_000 + GRACE_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => log.end(() => resolve(code)));
  }).finally(() => clearTimeout(late)) as Promise<number | null>;
}
