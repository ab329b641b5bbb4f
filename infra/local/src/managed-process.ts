import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly logFile: string;
}

/** How long a process may take to end after SIGTERM before it is killed. */
const STOP_TIMEOUT_MS = 20_000;
const RESTART_DELAYS_MS = [200, 1_000, 2_000, 5_000];
/** A process that ran this long is forgiven its earlier deaths. */
const STEADY_MS = 30_000;

/**
 * One child process of the fleet, its output in a log file. When it dies without being asked to, it is started again with
 * a growing delay, as a cluster would; `kill` is for fault tests.
 */
export class ManagedProcess {
  readonly spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #wanted = false;
  #deaths = 0;
  #startedAt = 0;
  readonly #onDeath: (message: string) => void;
  readonly #onSpawn: () => void;

  constructor(spec: ProcessSpec, hooks: { onDeath: (message: string) => void; onSpawn?: () => void }) {
    this.spec = spec;
    this.#onDeath = hooks.onDeath;
    this.#onSpawn = hooks.onSpawn ?? ((): void => undefined);
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often it had to be started again. */
  get deaths(): number {
    return this.#deaths;
  }

  start(): void {
    this.#wanted = true;
    const log = openSync(this.spec.logFile, 'a', 0o600);
    const child = spawn(this.spec.command, this.spec.args, {
      cwd: this.spec.cwd,
      env: this.spec.env,
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#startedAt = Date.now();
    child.on('error', (error) => this.#onDeath(`${this.spec.name} could not be started: ${error.message}`));
    child.on('exit', (code, signal) => this.#exited(child, signal ?? `exit code ${code}`));
    this.#onSpawn();
  }

  /** Sends a signal and leaves it to the restart to bring the process back. */
  kill(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Graceful: SIGTERM, then SIGKILL past the bound. Resolves when the process is gone. */
  async stop(): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  /** The last lines it wrote, for messages. */
  tail(lines = 15): string {
    try {
      return readFileSync(this.spec.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
    } catch {
      return '(it wrote nothing)';
    }
  }

  #exited(child: ChildProcess, how: string): void {
    if (!this.#wanted || child !== this.#child) return;
    if (Date.now() - this.#startedAt > STEADY_MS) this.#deaths = 0;
    const delayMs = RESTART_DELAYS_MS[Math.min(this.#deaths, RESTART_DELAYS_MS.length - 1)] ?? 5_000;
    this.#deaths += 1;
    this.#onDeath(`${this.spec.name} ended (${how}); starting it again in ${delayMs} ms`);
    setTimeout(() => this.#wanted && child === this.#child && this.start(), delayMs);
  }
}
