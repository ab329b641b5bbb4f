export { defineConfig, type Environment } from './define-config.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export { describeConfig, renderConfigTable, type ConfigRow } from './describe-config.js';
