/** What is there is not what must be. */
export class Broken extends Error {}

export function insist(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Broken(what());
}
