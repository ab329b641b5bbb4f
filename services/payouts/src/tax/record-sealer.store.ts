import { PersonSealer } from '../person-keys/person-sealer.store.js';

/** What seals declarations, under a key of their own for each person. */
export function recordSealer(given: { secret: Uint8Array; randomBytes: (size: number) => Uint8Array }): PersonSealer {
  return new PersonSealer({ ...given, use: 'payouts tax records' });
}
