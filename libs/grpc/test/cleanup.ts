import { afterEach } from '@jest/globals';

/** Runs what was registered after each test, last first, also when the test failed. */
export function cleanupAfterEach(): (undo: () => unknown) => void {
  const undos: (() => unknown)[] = [];
  afterEach(async () => {
    for (const undo of undos.splice(0).toReversed()) await undo();
  });
  return (undo) => undos.push(undo);
}
