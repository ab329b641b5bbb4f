import { spawn } from 'node:child_process';

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly timeoutMs?: number;
  readonly cwd?: string;
}

export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

/** The environment that programs are started in; the only place that reads it. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

const TIMEOUT_MS = 120_000;

/** Runs a program to its end and gives its output; an error carries what it said. */
export function runToEnd(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env,
      cwd: options.cwd,
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: timeoutMs,
    });
    const output: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-8_000)));
    // A program that ends before it read its input tells why by its exit, not by the broken pipe.
    child.stdin.on('error', () => undefined);
    const call = `${command} ${args.join(' ')}`;
    child.on('error', (cause) => reject(new ProgramError(`${call} could not be started: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      const text = Buffer.concat(output).toString('utf8');
      if (code === 0) return resolve(text);
      const how = signal === null ? `ended with ${code}` : `was ended by ${signal} (limit ${timeoutMs / 1000} s)`;
      reject(new ProgramError(`${call} ${how}\n${errors.trim() === '' ? text.slice(-4_000) : errors}`.trimEnd()));
    });
    child.stdin.end(options.input ?? '');
  });
}
