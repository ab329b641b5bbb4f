import { runSeed as runScripts, type SeedResult } from '@dailydoco/testing';
import { scripts, simulate, type Surroundings } from './simulate.js';

export interface SeedOptions extends Surroundings {
  readonly seed: number;
  /** Most commands of the script. */
  readonly steps: number;
  /** How long a failure may be made smaller, in ms; 0: it is shown as it was found. */
  readonly shrinkMs: number;
}

/** Draws a script from the seed, runs it, and makes it smaller while it still breaks. */
export function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, steps, shrinkMs } = options;
  return runScripts({
    seed,
    shrinkMs,
    scripts: scripts(steps),
    simulate: (script) => simulate(script, seed, options),
    linesOf: ({ waitHours, order, faults, haste, commands }) => [
      `after ${waitHours} h, order ${order}, faults ${faults}, haste ${haste}:`,
      ...commands.map((each) => `  ${String(each)}`),
    ],
  });
}
