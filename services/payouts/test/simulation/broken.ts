/** Something that must hold does not. */
export class Broken extends Error {}

export function insist(condition: boolean, what: () => string): asserts condition {
  if (!condition) throw new Broken(what());
}

/** Chance: a number from 0 up to, not including, 1. */
export type Random = () => number;

export function oneOf<T>(items: readonly T[], random: Random): T {
  const [item] = items.slice(Math.floor(random() * items.length));
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}
