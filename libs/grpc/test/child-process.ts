import { sourceHooks } from '@dailydoco/testing';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ChildServer {
  readonly address: string;
  /** Resolves when a call that is never answered has reached its handler. */
  readonly arrival: () => Promise<void>;
  /** Ends the process as a crash would: no goodbye on any socket but the kernel's. */
  readonly kill: () => Promise<void>;
}

const HERE = new URL('.', import.meta.url);

/** Starts `child-server.ts` with plain node. */
export async function startChildServer(): Promise<ChildServer> {
  const file = (name: string): string => fileURLToPath(new URL(name, HERE));
  const child = spawn(
    process.execPath,
    ['--conditions=@dailydoco/source', '--import', sourceHooks, file('child-server.ts')],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const exited = once(child, 'exit');
  const [{ port }] = await Promise.race([
    once(child, 'message') as Promise<[{ port: number }]>,
    exited.then(([code]) => Promise.reject(new Error(`the child server exited with ${code}`))),
  ]);
  return {
    address: `127.0.0.1:${port}`,
    arrival: async () => void (await once(child, 'message')),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
