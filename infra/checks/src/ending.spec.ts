import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'ending-'));
afterAll(() => rmSync(folder, { recursive: true }));

const repository = join(process.cwd(), '..', '..');

/** Runs jest with the teardown of all projects; `--trace-exit` tells of a process that ends itself. */
async function endOf(spec: string): Promise<{ code: number; output: string }> {
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'a.test.js'), spec);
  const node = join(repository, 'node_modules', '.bin', 'node');
  const jest = join(repository, 'node_modules', 'jest', 'bin', 'jest.js');
  const teardown = join(repository, 'jest.teardown.mjs');
  const args = ['--trace-exit', jest, '--rootDir', folder, '--runInBand', '--globalTeardown', teardown];
  return run(node, args, { cwd: folder, limitMs: 50_000 });
}

describe('A run of the specs', () => {
  it('ends itself, with the code that says that all passed', async () => {
    const { code, output } = await endOf(`it('holds', () => expect(1).toBe(1));`);
    expect(code).toBe(0);
    expect(output).toContain('Exited the environment with code 0');
  }, 60_000);

  it('ends itself, with the code that says that one failed', async () => {
    const { code, output } = await endOf(`it('is off', () => expect(1).toBe(2));`);
    expect(code).toBe(1);
    expect(output).toContain('Exited the environment with code 1');
  }, 60_000);

  it('names what a spec left open', async () => {
    const { code, output } = await endOf(`it('listens', () => void require('node:net').createServer().listen(0));`);
    expect(code).toBe(1);
    expect(output).toContain('Left open after the last spec: ');
    expect(output).toContain('TCPServerWrap');
  }, 60_000);
});
