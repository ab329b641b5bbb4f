import { base } from './jest.base.config.mjs';

// Real stores are shared by all spec files of a run: one at a time keeps two cores honest.
export default {
  ...base,
  globalSetup: new URL('./jest.int.setup.mjs', import.meta.url).pathname,
  testMatch: ['**/*.int.spec.ts'],
  maxWorkers: 1,
  testTimeout: 60_000,
};
