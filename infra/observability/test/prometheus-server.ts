import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ensureDebianProgram } from '@dailydoco/tools';
import { stringify } from 'yaml';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export interface RuleHealth {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
}

const START_TIMEOUT_MS = 30_000;

/** A real Prometheus of Debian's package, on a port and in a folder of its own. */
export class PrometheusServer {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** Ready when it resolves. `files` are written beside its configuration. */
  static async start(config: object, files: Readonly<Record<string, object>> = {}): Promise<PrometheusServer> {
    const program = await ensureDebianProgram('prometheus', 'prometheus');
    const folder = mkdtempSync(join(tmpdir(), 'dailydoco-prometheus-'));
    for (const [name, document] of Object.entries({ 'prometheus.yaml': config, ...files }))
      writeFileSync(join(folder, name), stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yaml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=${address}`,
        '--log.level=error',
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const server = new PrometheusServer(`http://${address}`, child, folder);
    try {
      await server.#untilReady();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** Rejects with Prometheus' own words when it refuses the query. */
  async queryRange(query: string, lastSeconds: number): Promise<Series[]> {
    const end = Date.now() / 1_000;
    const body = new URLSearchParams({ query, start: String(end - lastSeconds), end: String(end), step: '1' });
    const answer = await this.#ask<{ result: Series[] }>('query_range', { method: 'POST', body });
    return answer.result;
  }

  async rules(): Promise<RuleHealth[]> {
    const { groups } = await this.#ask<{ groups: { rules: RuleHealth[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ask<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(`${this.url}/api/v1/${path}`, init);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error ?? `${path}: ${response.status}`);
    return data;
  }

  async #untilReady(): Promise<void> {
    for (const started = Date.now(); Date.now() - started < START_TIMEOUT_MS; await pause(100)) {
      if (this.#process.exitCode !== null) throw new Error(`prometheus ended with ${this.#process.exitCode}`);
      const ready = await fetch(`${this.url}/-/ready`).catch(() => undefined);
      if (ready?.ok === true) return;
    }
    throw new Error(`prometheus was not ready after ${START_TIMEOUT_MS / 1_000} s`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
