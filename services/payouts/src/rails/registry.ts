import type { Rail, RailKind } from './rail.js';

/**
 * The rails of this installation by their kind. Each is made by its own folder from the settings; one that is not
 * configured is left out, is not offered, and refuses payouts as unreachable.
 */
export function railRegistry(rails: readonly (Rail | undefined)[]): ReadonlyMap<RailKind, Rail> {
  const known = new Map<RailKind, Rail>();
  for (const rail of rails) {
    if (rail === undefined) continue;
    if (known.has(rail.kind)) throw new Error(`two rails call themselves ${rail.kind}`);
    known.set(rail.kind, rail);
  }
  return known;
}
