export { ToolError, type ToolOptions } from './environment.js';
export { ensureGo, type Go, GO_VERSION } from './go.js';
export { ensureGoProgram, type GoProgram } from './go-program.js';
export { runProgram, type ProgramRun } from './run-program.js';
export { ensureDebianProgram, ensureTool, TOOL_NAMES, type ToolName } from './tools.js';
