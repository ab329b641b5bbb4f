import { base } from './jest.base.config.mjs';

// A set of real stores is shared by all spec files of a run, so these run one after the other. Whole projects run beside each
// other instead, each on a set of its own.
export default {
  ...base,
  globalSetup: new URL('./jest.int.setup.mjs', import.meta.url).pathname,
  testMatch: ['**/*.int.spec.ts'],
  maxWorkers: 1,
  testTimeout: 60_000,
};
