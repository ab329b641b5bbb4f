import { DomainError, isTransient } from '@dailydoco/errors';
import type { IncomingPurchase } from '../customers/unattributed-purchase.js';
import type { RecordedPurchase } from '../purchases/record-purchase.js';
import type { LineProblem, ReadLine } from './check-lines.js';

/** How far an import has come; kept after each batch, so that a crash loses none that was counted. */
export interface ImportProgress {
  /** Lines up to this one are done. */
  line: number;
  recorded: number;
  unattributed: number;
  /** Recorded before, by whomever. */
  existing: number;
  bad: number;
}

export interface ImportLinesDependencies {
  readonly record: (order: IncomingPurchase) => Promise<RecordedPurchase>;
  readonly report: (line: number, problems: readonly LineProblem[]) => void;
  readonly save: (progress: ImportProgress) => Promise<void>;
  /** Waits before the next try of what may succeed later. */
  readonly pause: (ms: number) => Promise<void>;
  /** Bad lines are reported and left out; without it the first one ends the import. */
  readonly skipBadLines: boolean;
}

const MAX_TRIES = 20;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/** A line could not be imported; those before it were, and the same command goes on from there. */
export class ImportStopped extends Error {
  override readonly name = 'ImportStopped';
}

/**
 * Records the purchases of checked lines, many at once, batch by batch. Each is recorded once, however often a line is
 * imported: its external id says whether it was.
 */
export class ImportLines {
  readonly progress: ImportProgress;
  readonly #dependencies: ImportLinesDependencies;

  constructor(dependencies: ImportLinesDependencies, progress: ImportProgress) {
    this.#dependencies = dependencies;
    this.progress = progress;
  }

  /** Lines that were done before are left out. Throws ImportStopped for a bad line, unless those are skipped. */
  async import(lines: readonly ReadLine[]): Promise<void> {
    const left = lines.filter(({ line }) => line > this.progress.line);
    const last = left.at(-1);
    if (last === undefined) return;
    const results = await Promise.all(left.map((each) => this.#importLine(each)));
    const bad = left.filter((_, index) => results[index] === 'bad');
    const [first] = bad;
    if (first !== undefined && !this.#dependencies.skipBadLines) {
      throw new ImportStopped(
        `line ${first.line} could not be imported; the lines of its batch that could be are recorded`,
      );
    }
    for (const result of results) if (result !== undefined) this.progress[result] += 1;
    this.progress.line = last.line;
    await this.#dependencies.save(this.progress);
  }

  async #importLine(each: ReadLine): Promise<'recorded' | 'unattributed' | 'existing' | 'bad'> {
    // What is wrong with the line itself was named when the file was checked.
    if ('problems' in each) return 'bad';
    try {
      const result = await this.#record(each.order);
      if (result.kind === 'replayed') throw new Error('A purchase without a key was replayed');
      if (!result.created) return 'existing';
      return result.kind;
    } catch (error) {
      if (!(error instanceof DomainError) || isTransient(error)) throw error;
      this.#dependencies.report(each.line, [{ column: undefined, message: `was refused: ${error.reason}` }]);
      return 'bad';
    }
  }

  /** A service that is busy, or away for a moment, is asked again. */
  async #record(order: IncomingPurchase): Promise<RecordedPurchase> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#dependencies.record(order);
      } catch (error) {
        if (tries >= MAX_TRIES || !isTransient(error)) throw error;
        await this.#dependencies.pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** tries));
      }
    }
  }
}
