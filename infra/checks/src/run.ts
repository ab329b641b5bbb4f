import { type ChildProcess, spawn } from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly output: string;
}

const running = new Set<ChildProcess>();

/** Ends what `run` has started and not seen the end of, with all that those programs started in turn. */
export function endRunning(signal: NodeJS.Signals): void {
  for (const { pid } of running) if (pid !== undefined) process.kill(-pid, signal);
}

/** How long a program that was asked to end may take before it is made to. */
const GRACE_MS = 10_000;

/**
 * Runs a program to its end, in a process group of its own. `live` shows its output as it comes; otherwise it is only collected.
 * One that is still running after `limitMs` is ended, with all that it started, and says so: it then has a code that is not 0.
 */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; live?: boolean; limitMs?: number },
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.add(child);
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      if (options.live === true) process.stdout.write(chunk);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const limit = endAfter(child, options.limitMs, (words) => take(Buffer.from(words)));
    child.on('exit', () => running.delete(child));
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}` }));
    child.on('close', (code) => {
      limit.clear();
      resolve({ code: code ?? 1, output });
    });
  });
}

function endAfter(child: ChildProcess, limitMs: number | undefined, say: (words: string) => void): { clear(): void } {
  const timers: NodeJS.Timeout[] = [];
  const end = (signal: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // Everything in the group has ended.
    }
  };
  if (limitMs !== undefined) {
    timers.push(
      setTimeout(() => {
        say(`\n✖ not done after ${limitMs / 60_000} minutes: ended\n`);
        end('SIGTERM');
        timers.push(setTimeout(() => end('SIGKILL'), GRACE_MS));
      }, limitMs),
    );
  }
  return { clear: () => timers.forEach((timer) => clearTimeout(timer)) };
}
