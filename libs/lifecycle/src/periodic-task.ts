/** The part of a heartbeat that a loop needs. */
export interface LoopSigns {
  beat(): void;
  stop(): void;
}

export interface PeriodicTaskOptions {
  /** Pause between the end of one run and the start of the next, in milliseconds. */
  readonly everyMs: number;
  /** One run. Returns true when there is more to do at once. */
  readonly run: () => Promise<boolean>;
  /** Told of a run that failed; the next one comes after the usual pause. */
  readonly onError: (error: unknown) => void;
  readonly signs: LoopSigns;
}

/** Runs of one task without a pause in between, at most, before it breathes: other work shares this process. */
const MAX_RUNS_IN_A_ROW = 50;

/**
 * Does something again and again until it is stopped. A failed run never ends it, and every attempt is a sign of life:
 * a store that is away must not get the process restarted. Many replicas may run the same task; what they must not do
 * twice is settled by the database.
 */
export class PeriodicTask {
  readonly #options: PeriodicTaskOptions;
  #stopped = false;
  #endPause: () => void = () => undefined;
  #loop: Promise<void> | undefined;

  constructor(options: PeriodicTaskOptions) {
    this.#options = options;
  }

  start(): void {
    this.#loop ??= this.#runUntilStopped();
  }

  /** Resolves when the run under way, if any, is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endPause();
    await this.#loop;
    this.#options.signs.stop();
  }

  async #runUntilStopped(): Promise<void> {
    while (!this.#stopped) {
      await this.#runWhileThereIsMore();
      if (!this.#stopped) await this.#pause();
    }
  }

  async #runWhileThereIsMore(): Promise<void> {
    for (let runs = 0; runs < MAX_RUNS_IN_A_ROW && !this.#stopped; runs += 1) {
      this.#options.signs.beat();
      try {
        if (!(await this.#options.run())) return;
      } catch (error) {
        this.#options.onError(error);
        return;
      }
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.everyMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
