import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { Tally } from './tally.js';

/** What a simulation did, also when it ended badly. */
export interface Course {
  readonly tally: Tally;
  /** Every statement in the order of its release: the same seed, the same course. */
  readonly trace: readonly string[];
  readonly failure: unknown;
}

export interface SeedOptions<Round> {
  readonly seed: number;
  readonly scripts: fc.Arbitrary<readonly Round[]>;
  readonly simulate: (script: readonly Round[]) => Promise<Course>;
  /** A round as it is shown. */
  readonly linesOf: (round: Round) => readonly string[];
  /** How long a failure may be made smaller, in ms; 0: it is shown as it was found. */
  readonly shrinkMs: number;
}

export interface SeedResult {
  readonly course: Course;
  /** What broke, in the smallest script found that breaks. */
  readonly broken: { readonly why: string; readonly script: readonly string[]; readonly shrinks: number } | undefined;
}

/** Draws a script from the seed, runs it, and makes it smaller while it still breaks. */
export async function runSeed<Round>(options: SeedOptions<Round>): Promise<SeedResult> {
  const { seed, shrinkMs } = options;
  let first: Course | undefined;
  const property = fc.asyncProperty(options.scripts, async (script) => {
    const course = await options.simulate(script);
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
  return { course: first, broken: { why, shrinks, script: script.flatMap((round) => options.linesOf(round)) } };
}

/** Two courses are one if everything was sent in the same order. */
export function digestOf({ trace }: Course): string {
  return createHash('sha256').update(trace.join('\n')).digest('hex').slice(0, 12);
}
