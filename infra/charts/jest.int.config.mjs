import { base } from '../../jest.base.config.mjs';

// These specs run helm and the verifier and need no store.
export default {
  ...base,
  globalSetup: new URL('./jest.int.setup.mjs', import.meta.url).pathname,
  testMatch: ['**/*.int.spec.ts'],
  maxWorkers: 2,
  testTimeout: 120_000,
};
