import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { environment, ToolError } from './environment.js';

export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  /** Each line of the error output, where Go tells what it does. */
  readonly onErrorLine?: (line: string) => void;
}

// Enough to see what went wrong, not so much that it hides it.
const ERROR_LINES = 100;

/** Runs a program to its end and gives its output; when it fails, the error carries the end of what it said. */
export function runProgram(run: ProgramRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(run.command, run.args, {
      cwd: run.cwd,
      env: { ...environment(), ...run.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: run.timeoutMs,
    });
    const output: Buffer[] = [];
    const errors: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    createInterface({ input: child.stderr }).on('line', (line) => {
      errors.push(line);
      if (errors.length > ERROR_LINES) errors.shift();
      run.onErrorLine?.(line);
    });
    const failed = (why: string, cause?: unknown) =>
      reject(new ToolError(`${run.command} ${run.args.join(' ')} ${why}\n${errors.join('\n')}`.trimEnd(), { cause }));
    child.on('error', (cause) => failed(`could not be started: ${cause.message}`, cause));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString('utf8'));
      else failed(signal === null ? `ended with ${code}` : `was ended by ${signal} (limit ${run.timeoutMs / 1000} s)`);
    });
  });
}
