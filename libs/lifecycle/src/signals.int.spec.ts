import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';

const testFolder = fileURLToPath(new URL('../test/', import.meta.url));
const children: ChildProcessByStdio<null, Readable, null>[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

/** Starts the process of `test/service.ts` and waits until it says that it is up. */
async function startService(behaviour: 'well' | 'stuck' | 'broken'): Promise<{
  send: (signal: NodeJS.Signals) => void;
  line: () => Promise<string>;
  exit: Promise<unknown>;
}> {
  const args = ['--no-warnings', '--import', `${testFolder}read-typescript.mjs`, `${testFolder}service.ts`, behaviour];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const exit = once(child, 'exit').then(([code]: unknown[]) => code);
  const line = linesOf(createInterface({ input: child.stdout }));
  expect(await line()).toBe('started');
  return { send: (signal) => child.kill(signal), line, exit };
}

function linesOf(reader: Interface): () => Promise<string> {
  const lines = reader[Symbol.asyncIterator]();
  return async () => {
    const { value } = await lines.next();
    return typeof value === 'string' ? value : '(end)';
  };
}

describe('a real process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops in order and exits with 0 on %s', async (signal) => {
    const service = await startService('well');
    service.send(signal);
    expect(await service.line()).toBe('drain');
    expect(await service.line()).toBe('stores');
    expect(await service.exit).toBe(0);
  });

  it('exits with 1 when a hook failed, after the later stages', async () => {
    const service = await startService('broken');
    service.send('SIGTERM');
    expect(await service.line()).toBe('drain');
    expect(await service.line()).toBe('stores');
    expect(await service.exit).toBe(1);
  });

  it('exits at once with 1 on a second signal, without the later stages', async () => {
    const service = await startService('stuck');
    service.send('SIGTERM');
    expect(await service.line()).toBe('drain');
    service.send('SIGINT');
    expect(await service.line()).toBe('(end)');
    expect(await service.exit).toBe(1);
  });
});
