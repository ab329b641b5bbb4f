import { base } from './jest.base.config.mjs';

// Against a running fleet, named by FLEET_FILE (the `fleet.json` of a local run).
export default { ...base, testMatch: ['**/*.e2e.ts'], maxWorkers: 1, testTimeout: 120_000 };
