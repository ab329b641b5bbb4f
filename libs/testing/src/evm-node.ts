import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A chain of one node in memory, for tests: each transaction is a block at once. */
export interface EvmNode extends AsyncDisposable {
  readonly rpc: string;
  readonly chainId: number;
}

const CHAIN_ID = 31_337;
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Starts an Anvil node (from npm, no download of its own) on a port that the system chooses. */
export async function startEvmNode(): Promise<EvmNode> {
  const options = ['--port', '0', '--chain-id', CHAIN_ID.toString(), '--no-cors', '--accounts', '2'];
  const child = spawn(program(), options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await portOf(child);
  return {
    rpc: `http://127.0.0.1:${port}`,
    chainId: CHAIN_ID,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** The binary lies in the package of the platform; the main package only chooses it. */
function program(): string {
  const architecture = ARCHITECTURES[process.arch] ?? process.arch;
  const require = createRequire(import.meta.url);
  const name = `@foundry-rs/anvil-${process.platform}-${architecture}`;
  const file = require.resolve(`${name}/package.json`).replace(/package[.]json$/, 'bin/anvil');
  if (!existsSync(file)) throw new Error(`${name} holds no node`);
  return file;
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('The node has an output');
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /Listening on 127[.]0[.]0[.]1:([0-9]+)/.exec(line)?.[1];
    if (port !== undefined) {
      // Read on, or the node stops when the pipe is full.
      child.stdout.resume();
      return Number(port);
    }
  }
  throw new Error('The node ended before it listened');
}
