import { runSeed as runScripts, type SeedResult } from '@dailydoco/testing';
import { Arena } from './arena.js';
import { linesOf, scripts, simulate } from './simulate.js';

/** After so many simulations the next ones get a database of their own: tables that grow make them slower. */
const PER_ARENA = 250;

/** Runs seeds, one after the other, in arenas that it opens as it needs them. */
export class SeedRunner {
  readonly #superuserUrl: string;
  #arena: Arena | undefined;
  #simulations = 0;

  /** `superuserUrl` leads to the server that databases are made on. */
  constructor(superuserUrl: string) {
    this.#superuserUrl = superuserUrl;
  }

  /** Draws a script from the seed, runs it, and makes it smaller while it still breaks. */
  run({ seed, steps, shrinkMs }: { seed: number; steps: number; shrinkMs: number }): Promise<SeedResult> {
    return runScripts({
      seed,
      shrinkMs,
      scripts: scripts(steps),
      simulate: async (script) => {
        const course = await simulate(script, seed, await this.#open());
        // What broke has left things behind that others would meet.
        if (course.failure !== undefined || this.#simulations >= PER_ARENA) await this.stop();
        return course;
      },
      linesOf,
    });
  }

  async stop(): Promise<void> {
    await this.#arena?.close();
    this.#arena = undefined;
  }

  async #open(): Promise<Arena> {
    if (this.#arena === undefined) this.#simulations = 0;
    this.#arena ??= await Arena.open(this.#superuserUrl);
    this.#simulations += 1;
    return this.#arena;
  }
}
