/** How often what happened: shows what a simulation has covered. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(what: string, times = 1): void {
    if (times > 0) this.#counts.set(what, (this.#counts.get(what) ?? 0) + times);
  }

  add(other: Tally): void {
    for (const [what, times] of other.#counts) this.count(what, times);
  }

  of(what: string): number {
    return this.#counts.get(what) ?? 0;
  }

  /** One line for each group of counts: `group  what 3 · other 1`. */
  get lines(): string[] {
    const groups = Map.groupBy(
      [...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ([what]) => what.slice(0, what.indexOf(':')),
    );
    return [...groups].map(([group, counts]) => {
      const each = counts.map(([what, times]) => `${what.slice(group.length + 1).trim()} ${times}`);
      return `${group.padEnd(12)}${each.join(' · ')}`;
    });
  }
}
