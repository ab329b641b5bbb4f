import { describe, expect, it } from '@jest/globals';
import { run } from './run.js';

describe('A program that is run', () => {
  it('gives its code and what it wrote', async () => {
    const ran = await run('sh', ['-c', 'echo out; echo err >&2; exit 3'], { cwd: '/', limitMs: 30_000 });
    expect(ran.code).toBe(3);
    expect(ran.output.split('\n').toSorted()).toEqual(['', 'err', 'out']);
  });

  it('is ended past its limit, and has not succeeded', async () => {
    // What it started in turn holds the same output, and only when that is closed has all of it ended.
    const ran = await run('sh', ['-c', 'sleep 60 & echo begun; wait'], { cwd: '/', limitMs: 300 });
    expect(ran.code).not.toBe(0);
    expect(ran.output).toMatch(/^begun\n\n✖ not done after 0\.005 minutes: ended\n$/);
  });

  it('that cannot be started says so', async () => {
    const { code, output } = await run('no-such-program', [], { cwd: '/' });
    expect([code, output]).toEqual([127, expect.stringContaining('ENOENT')]);
  });
});
