import { spawn } from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** Text for the program's standard input. */
  readonly input?: string;
  /** Told of each line that the program prints. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program to its end and tells how it went; past the time it is killed and the code is 124. */
export function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr, late] = ['', '', false];
    const note = (text: string): void => {
      const line = text.trim().split('\n').at(-1);
      if (line !== undefined && line !== '') options.onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      note(text);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      note(text);
    });
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 600_000);
    const end = (code: number, why = ''): void => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : code, stdout, stderr: `${stderr}${why}${late ? '\n(it took too long)' : ''}` });
    };
    child.on('error', (error) => end(127, error.message));
    child.on('close', (code) => end(code ?? 1));
    // A program that ends without reading its input is no reason to fail: its code says how it went.
    child.stdin.on('error', () => undefined).end(options.input);
  });
}

/** A program that the build stands on failed; the message holds what it said last. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
}

/** Runs a program that must succeed, and gives what it printed. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryRun(command, args, options);
  if (code === 0) return stdout;
  const said = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new BuildError(`${command} ${args.slice(0, 4).join(' ')} … ended with ${code}:\n${said}`);
}
