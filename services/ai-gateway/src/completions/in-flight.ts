/** The answers under way in this process, so that a shutdown can wait for them, and end those that take too long. */
export class InFlight {
  readonly #stop = new AbortController();
  #count = 0;
  #idle: PromiseWithResolvers<void> | undefined;

  /** Aborts when a shutdown has waited long enough. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** Counts the work as under way until it settles. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await work();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#idle?.resolve();
    }
  }

  /** Waits for the work under way; what outlasts `graceMs` is aborted, and waited for again: it has its record to write. */
  async drain(graceMs: number): Promise<void> {
    if (this.#count === 0) return;
    this.#idle ??= Promise.withResolvers();
    const timer = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#idle.promise;
    clearTimeout(timer);
  }
}
