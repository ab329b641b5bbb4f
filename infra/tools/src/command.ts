// `node infra/tools/dist/command.js helm version`: runs a tool of the pinned version, building it on first use.
import { spawn } from 'node:child_process';
import { environment } from './environment.js';
import { ensureTool, isToolName, TOOL_NAMES } from './tools.js';

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !isToolName(name)) {
  process.stderr.write(
    `✖ ${name === undefined ? 'No tool was named' : `There is no tool "${name}"`}: use one of ${TOOL_NAMES.join(', ')}\n`,
  );
  process.exit(2);
}
try {
  const path = await ensureTool(name, { onProgress: (text) => process.stderr.write(`… ${text}\n`) });
  // npm starts scripts in the project's folder; paths in the arguments are meant from where the caller stands.
  const child = spawn(path, args, { stdio: 'inherit', cwd: environment()['INIT_CWD'] ?? process.cwd() });
  child.on('close', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
} catch (error) {
  process.stderr.write(`✖ ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
