// One jest configuration for every project: ESM by SWC, workspace libraries read from their sources.
import { mkdirSync, readFileSync } from 'node:fs';

const swc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swc.exclude;

// jest writes its report there and does not make the folder.
mkdirSync('.reports', { recursive: true });

export const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@dailydoco/source', 'node', 'node-addons'] },
  globalTeardown: new URL('./jest.teardown.mjs', import.meta.url).pathname,
  modulePathIgnorePatterns: ['/dist/'],
};
