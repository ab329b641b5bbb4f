import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A store could not be started, or something it needs is missing; the message says what to do. */
export class StoreError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
  }
}

export interface StoreCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly port: number;
  /** What a graceful stop sends. */
  readonly stopSignal: NodeJS.Signals;
  /** What it says where it would start a moment later. */
  readonly startsLater?: RegExp;
  /** Resolves when the store really answers; rejects while it does not. */
  readonly answers: () => Promise<void>;
  /** The store ends with this process, also when it is killed (Linux). For tests. */
  readonly diesWithParent?: boolean;
}

const START_TIMEOUT_MS = 90_000;
const STOP_TIMEOUT_MS = 30_000;

/** Below the ports that systems hand to outgoing connections, so that none of those takes it before it is used. */
const [FIRST_PORT, PORTS] = [15_000, 17_000];
const PORTS_TO_TRY = 100;

/** A port of the loopback address that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORTS_TO_TRY; attempt += 1) {
    const port = FIRST_PORT + randomInt(PORTS);
    if (await isFree(port)) return port;
  }
  throw new StoreError(`Of ${PORTS_TO_TRY} ports from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1} none was free.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Resolves when something listens on the port. */
export function listens(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

function readLog(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function tail(file: string, lines = 20): string {
  return readLog(file).trimEnd().split('\n').slice(-lines).join('\n') || '(it wrote nothing)';
}

// The kernel forgets the wish when a process changes its user, so a command that does so itself has to make it last.
function tiedToParent(command: string, args: readonly string[]): [string, ...string[]] {
  const wish = ['--pdeathsig', 'SIGKILL'];
  return command === 'setpriv' ? ['setpriv', ...wish, ...args] : ['setpriv', ...wish, command, ...args];
}

/** One store as a child process in a process group of its own, its output in a log file. */
export class StoreProcess {
  readonly logFile: string;
  readonly port: number;
  readonly #command: StoreCommand;
  #child: ChildProcess | undefined;

  constructor(command: StoreCommand) {
    this.#command = command;
    this.logFile = command.logFile;
    this.port = command.port;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts it and waits until it answers. When it does not, it is ended and the error shows the end of its log. */
  async start(): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const before = readLog(this.logFile).length;
      try {
        return await this.#startOnce(deadline);
      } catch (error) {
        const said = readLog(this.logFile).slice(before);
        const passes = this.#ended() && this.#command.startsLater?.test(said) === true;
        if (!passes || Date.now() > deadline) throw error;
      }
      await wait(200);
    }
  }

  async #startOnce(deadline: number): Promise<void> {
    const { command, args, cwd, diesWithParent } = this.#command;
    const log = openSync(this.logFile, 'a', 0o600);
    const [program, ...rest] = diesWithParent === true ? tiedToParent(command, args) : [command, ...args];
    const child = spawn(program, rest, { cwd, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    // A store that dies with this process must not keep it alive.
    if (diesWithParent === true) child.unref();
    this.#child = child;
    let failed: Error | undefined;
    child.on('error', (error) => {
      failed = error;
    });
    for (;;) {
      if (failed !== undefined || this.#ended()) throw this.#notStarted('it ended at once', failed);
      if (
        await this.#command.answers().then(
          () => true,
          () => false,
        )
      )
        return;
      if (Date.now() > deadline) {
        await this.kill('SIGKILL');
        throw this.#notStarted(`it did not answer within ${START_TIMEOUT_MS / 1000} s`);
      }
      await wait(100);
    }
  }

  /** Graceful: the store's own stop signal, then SIGKILL past the bound. */
  async stop(): Promise<void> {
    if (this.#ended()) return;
    const gone = this.#gone();
    this.#child?.kill(this.#command.stopSignal);
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await gone;
    clearTimeout(timer);
  }

  /** Sends a signal. For one that ends a process, resolves when it is gone. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#ended()) return;
    const gone = signal === 'SIGSTOP' || signal === 'SIGCONT' ? Promise.resolve() : this.#gone();
    this.#child?.kill(signal);
    await gone;
  }

  /** Stops it if it runs, and starts it again on the same port with the same data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #ended(): boolean {
    return this.#child === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #gone(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#ended()) resolve();
      else this.#child?.once('exit', () => resolve());
    });
  }

  #notStarted(why: string, cause?: Error): StoreError {
    return new StoreError(
      `${this.#command.name} did not start: ${why}${cause === undefined ? '' : ` (${cause.message})`}. The end of ${this.logFile}:\n${tail(this.logFile)}`,
      { cause },
    );
  }
}
