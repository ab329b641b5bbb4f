/**
 * What node is told before the program of every process of the fleet, here and in the images.
 *
 * `--no-allocation-site-pretenuring`: V8 watches which places in the code make objects that live long, and makes the objects
 * of those places old at once. Places here serve imports of thousands and single requests alike; after an import the objects
 * of single requests were made old too, and the pauses that clear them away were what 99 of 100 callers met (ADR 38).
 */
export const NODE_ARGS = [
  '--enable-source-maps',
  '--no-allocation-site-pretenuring',
  '--import',
  '@dailydoco/telemetry/register',
] as const;
