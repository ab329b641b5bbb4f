import { sourceHooks } from '@dailydoco/testing';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventually } from '@dailydoco/testing';
import type { Fixture } from './fixture.js';

const HERE = new URL('.', import.meta.url);

/** `relay-process.ts`, running. */
export class RelayChild {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly lines: { level: string; message: string }[] = [];

  constructor({ appUrl, brokers, topicPrefix }: Fixture) {
    const file = fileURLToPath(new URL('relay-process.ts', HERE));
    this.#child = spawn(
      process.execPath,
      ['--conditions=@dailydoco/source', '--import', sourceHooks, file, appUrl, brokers.join(','), topicPrefix],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' },
      },
    );
    this.#exited = once(this.#child, 'exit');
    this.#child.on('message', (line) => this.lines.push(line as { level: string; message: string }));
  }

  /** How often it has become the one that publishes. */
  get held(): number {
    return this.lines.filter(({ message }) => message.includes('holds the lease')).length;
  }

  async untilHolds(times = 1): Promise<void> {
    await eventually(
      () => {
        if (this.held < times) throw new Error(`held ${this.held} times: ${JSON.stringify(this.lines.slice(-3))}`);
        return Promise.resolve();
      },
      { timeoutMs: 20_000 },
    );
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }
}
