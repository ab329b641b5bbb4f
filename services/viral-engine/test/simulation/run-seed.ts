import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type Course, scripts, simulate, type Surroundings } from './simulate.js';

export interface SeedOptions extends Surroundings {
  readonly seed: number;
  /** Most commands of the script. */
  readonly steps: number;
  /** How long a failure may be made smaller, in ms; 0: it is shown as it was found. */
  readonly shrinkMs: number;
}

export interface SeedResult {
  readonly course: Course;
  /** What broke, in the smallest script found that breaks. */
  readonly broken: { readonly why: string; readonly script: readonly string[]; readonly shrinks: number } | undefined;
}

/** Draws a script from the seed, runs it, and makes it smaller while it still breaks. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, steps, shrinkMs } = options;
  let first: Course | undefined;
  const property = fc.asyncProperty(scripts(steps), async (script) => {
    const course = await simulate(script, seed, options);
    first ??= course;
    if (course.failure !== undefined) throw course.failure;
  });
  const details = await fc.check(property, {
    seed,
    numRuns: 1,
    endOnFailure: shrinkMs === 0,
    ...(shrinkMs > 0 && { interruptAfterTimeLimit: shrinkMs, markInterruptAsFailure: true }),
  });
  if (first === undefined) throw new Error('nothing was run');
  if (!details.failed) return { course: first, broken: undefined };
  const [script = []] = details.counterexample ?? [];
  const { errorInstance, numShrinks: shrinks } = details;
  const why = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return { course: first, broken: { why, shrinks, script: script.flatMap(linesOf) } };
}

/** Two courses are one if everything was sent in the same order. */
export function digestOf({ trace }: Course): string {
  return createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 12);
}

function linesOf(round: {
  waitHours: number;
  order: number;
  faults: number;
  haste: number;
  commands: readonly { toString(): string }[];
}): string[] {
  const { waitHours, order, faults, haste } = round;
  const title = `after ${waitHours} h, order ${order}, faults ${faults}, haste ${haste}:`;
  return [title, ...round.commands.map((each) => `  ${String(each)}`)];
}
