// `npm run sim -- --seeds N [--seed S] [--steps M]`: simulations of the service, one per seed. Prints what they covered; the
// first that breaks is made as small as it gets and printed with the command that repeats it, and ends the run with 1.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '@dailydoco/stores';
import { migratedDatabase } from '../engine.js';
import { digestOf, runSeed } from './run-seed.js';
import { Tally } from './tally.js';

const USAGE = 'usage: npm run sim -- [viral-engine] [--seeds N] [--seed S] [--steps M] [--trace] [--no-shrink]';
const SHRINK_MS = 120_000;
const SAY_EVERY_MS = 10_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

interface Wanted {
  readonly seeds: number;
  readonly first: number;
  readonly steps: number;
  readonly trace: boolean;
  readonly shrinkMs: number;
}

function wanted(args: readonly string[]): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      steps: { type: 'string', default: '60' },
      trace: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
    },
  });
  const [service = 'viral-engine', ...more] = positionals;
  if (service !== 'viral-engine' || more.length > 0)
    throw new Error(`there is no simulation of ${positionals.join(' ')}`);
  const number = (name: 'seeds' | 'seed' | 'steps', least: number): number => {
    const value = Number(values[name]);
    if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff) {
      throw new Error(`--${name} must be a whole number from ${least} to 2147483647`);
    }
    return value;
  };
  const shrinkMs = values['no-shrink'] ? 0 : SHRINK_MS;
  return {
    seeds: number('seeds', 1),
    first: number('seed', 0),
    steps: number('steps', 1),
    trace: values.trace,
    shrinkMs,
  };
}

async function main({ seeds, first, steps, trace, shrinkMs }: Wanted): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'dailydoco-sim-'));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true });
  const given = { superuserUrl: postgres.url, database: () => migratedDatabase(postgres.url), steps, shrinkMs };
  const tally = new Tally();
  try {
    const started = performance.now();
    let saidAt = started;
    for (let done = 0; done < seeds; done += 1) {
      const seed = first + done;
      const { course, broken } = await runSeed({ ...given, seed });
      tally.add(course.tally);
      if (trace) for (const line of course.trace) say(`  ${line}`);
      if (trace) say(`seed ${seed}: ${digestOf(course)}`);
      if (broken !== undefined) {
        say(`\n✖ seed ${seed} breaks (after ${done} that hold): ${broken.why}`);
        say(`\nThe smallest script that was found, after ${broken.shrinks} steps:`);
        for (const line of broken.script) say(`  ${line}`);
        say(`\nAgain: npm run sim -- --seeds 1 --seed ${seed} --steps ${steps}`);
        return 1;
      }
      const now = performance.now();
      if (now - saidAt < SAY_EVERY_MS && done + 1 < seeds) continue;
      saidAt = now;
      const seconds = (now - started) / 1_000;
      const megabytes = Math.round(process.memoryUsage().rss / 1_048_576);
      say(`${done + 1} of ${seeds} seeds hold, ${((done + 1) / seconds).toFixed(2)} seeds/s, ${megabytes} MB`);
    }
    say(`\nCovered:`);
    for (const line of tally.lines) say(`  ${line}`);
    return 0;
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
    rmSync(`${folder}/postgres.log`, { force: true });
  }
}

let asked: Wanted | undefined;
try {
  asked = wanted(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
  process.exitCode = 2;
}
if (asked !== undefined) process.exitCode = await main(asked);
