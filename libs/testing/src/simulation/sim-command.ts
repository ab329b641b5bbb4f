import { parseArgs } from 'node:util';
import { digestOf, type SeedResult } from './run-seed.js';
import { Tally } from './tally.js';

const SHRINK_MS = 120_000;
const SAY_EVERY_MS = 10_000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** How to run seeds of one service's simulation. */
export interface Simulations {
  readonly service: string;
  /** Most commands of a script, unless told. */
  readonly steps: number;
  /** Starts what all seeds share. */
  start(): Promise<{
    run(wanted: { seed: number; steps: number; shrinkMs: number }): Promise<SeedResult>;
    stop(): Promise<void>;
  }>;
}

interface Wanted {
  readonly seeds: number;
  readonly first: number;
  readonly steps: number;
  readonly trace: boolean;
  readonly shrinkMs: number;
}

function wanted(args: readonly string[], simulations: Simulations): Wanted {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      steps: { type: 'string', default: String(simulations.steps) },
      trace: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
    },
  });
  const [service = simulations.service, ...more] = positionals;
  if (service !== simulations.service || more.length > 0) {
    throw new Error(`there is no simulation of ${positionals.join(' ')}`);
  }
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

/**
 * `[service] --seeds N [--seed S] [--steps M]`: simulations of the service, one per seed. Prints what they covered; the
 * first that breaks is made as small as it gets and printed with the command that repeats it. Resolves to the exit code.
 */
export async function simCommand(args: readonly string[], simulations: Simulations): Promise<number> {
  let asked: Wanted;
  try {
    asked = wanted(args, simulations);
  } catch (error) {
    const usage =
      'usage: npm run sim -- [viral-engine|payouts] [--seeds N] [--seed S] [--steps M] [--trace] [--no-shrink]';
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
    return 2;
  }
  const running = await simulations.start();
  try {
    return await runAll(asked, simulations.service, running);
  } finally {
    await running.stop();
  }
}

async function runAll(
  { seeds, first, steps, trace, shrinkMs }: Wanted,
  service: string,
  running: Awaited<ReturnType<Simulations['start']>>,
): Promise<number> {
  const tally = new Tally();
  const started = performance.now();
  let saidAt = started;
  for (let done = 0; done < seeds; done += 1) {
    const seed = first + done;
    const { course, broken } = await running.run({ seed, steps, shrinkMs });
    tally.add(course.tally);
    if (trace) for (const line of course.trace) say(`  ${line}`);
    if (trace) say(`seed ${seed}: ${digestOf(course)}`);
    if (broken !== undefined) {
      say(`\n✖ seed ${seed} breaks (after ${done} that hold): ${broken.why}`);
      say(`\nThe smallest script that was found, after ${broken.shrinks} steps:`);
      for (const line of broken.script) say(`  ${line}`);
      say(`\nAgain: npm run sim -- ${service} --seeds 1 --seed ${seed} --steps ${steps}`);
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
}
