import { base } from '../../jest.base.config.mjs';

// These specs bring an EVM node of their own and need no store.
export default { ...base, testMatch: ['**/*.int.spec.ts'], maxWorkers: 1, testTimeout: 60_000 };
